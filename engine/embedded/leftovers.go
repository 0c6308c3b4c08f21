//go:build linux

package embedded

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"slices"
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
// control groups of all. What cannot be ended is in nobody's way: warn, if not nil, is told.
func (p *Process) endLeftovers(warn func(string)) {
	executor := executorDir(p.root)
	there := bundles(executor) // these are repair's
	var errs []error
	for _, id := range there {
		errs = append(errs, cgroup.Remove(olderParent, id))
	}
	left, err := p.groups.Sweep()
	for _, id := range append(left, known(executor)...) {
		if !slices.Contains(there, id) {
			deleteContainer(id)
		}
	}
	if err := errors.Join(append(errs, err)...); err != nil && warn != nil {
		warn("cannot end all that an earlier run left: " + err.Error())
	}
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
	entries, _ := os.ReadDir(executor) // whoever repairs it meets the error, too
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
