//go:build linux

package embedded

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/slipway-build/slipway/engine/cgroup"
)

// olderParent is the control group in which Slipway had its containers before it marked them.
const olderParent = "/buildkit"

// Groups are the control groups of this engine's process. They end with it, or with the next start.
func (p *Process) Groups() cgroup.Run { return p.groups }

// deleteContainer ends a container, and what of it the OCI runtime keeps. That there is none is the
// usual case, so the answer is not judged.
func deleteContainer(id string) {
	_ = exec.Command("runc", "delete", "--force", id).Run()
}

// endLeftovers ends the containers of killed processes that have no bundle any more, and removes the
// control groups of all. The caller holds the root.
func endLeftovers(executor string, groups cgroup.Run) error {
	var errs []error
	for _, id := range bundles(executor) { // an older Slipway's
		errs = append(errs, cgroup.Remove(olderParent, id))
	}
	left, err := groups.Sweep()
	for _, id := range append(left, known(executor)...) {
		deleteContainer(id)
	}
	if err := errors.Join(append(errs, err)...); err != nil {
		return fmt.Errorf("cannot end what an earlier run left: %w", err)
	}
	return nil
}

// endGroups ends the control groups of this engine. A container that has ended may still be on its way
// out: BuildKit deletes it in the background.
func (p *Process) endGroups() error {
	left, err := p.groups.End()
	for _, id := range left {
		deleteContainer(id)
	}
	return err
}

// bundles are the names of the containers whose bundles are there.
func bundles(executor string) []string {
	var names []string
	entries, _ := os.ReadDir(executor) // that has been read a moment ago
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// known are the containers of the folder that the OCI runtime remembers: it forgets one that has ended
// only after BuildKit has removed the bundle. A runtime that cannot say remembers none.
func known(executor string) []string {
	var out []byte
	var err error
	for range 3 { // others' containers that go away meanwhile make it fail
		if out, err = exec.Command("runc", "list", "--format", "json").Output(); err == nil {
			break
		}
	}
	var list []struct{ ID, Bundle string }
	if err != nil || json.Unmarshal(out, &list) != nil {
		return nil
	}
	var names []string
	for _, c := range list {
		if strings.HasPrefix(c.Bundle, executor+"/") {
			names = append(names, c.ID)
		}
	}
	return names
}
