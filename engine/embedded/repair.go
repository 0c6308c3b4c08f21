//go:build linux

package embedded

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/slipway-build/slipway/engine/embedded/tree"
)

// repair removes what a killed process left behind: running build containers,
// mounts below the root, temporary files. The caller holds the root's lock, so
// nobody else can own any of it.
func repair(root string) error {
	executor := executorDir(root)
	if err := killContainers(executor); err != nil {
		return err
	}
	if err := unmountBelow(root); err != nil {
		return err
	}
	for _, dir := range []string{executor, TempDir(root), partFolder(root)} {
		if err := tree.Remove(dir); err != nil {
			return fmt.Errorf("cannot remove leftovers of an earlier run: %w", err)
		}
	}
	if err := os.MkdirAll(TempDir(root), 0o700); err != nil {
		return fmt.Errorf("cannot make temporary folder: %w", err)
	}
	return nil
}

// executorDir is where BuildKit keeps the bundles of running steps.
func executorDir(root string) string { return filepath.Join(Folder(root), "executor") }

// killContainers deletes the containers whose bundles are still there. A bundle
// without a running container is the usual case, so runc's answer is not judged.
func killContainers(executor string) error {
	entries, err := os.ReadDir(executor)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("cannot look for leftovers of an earlier run: %w", err)
	}
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(executor, e.Name(), "config.json")); err == nil {
			_ = exec.Command("runc", "delete", "--force", e.Name()).Run()
		}
	}
	return nil
}

// unmountBelow detaches every mount under root, deepest first.
func unmountBelow(root string) error {
	data, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return fmt.Errorf("cannot read mounts: %w", err)
	}
	var points []string
	for line := range strings.Lines(string(data)) {
		// proc(5): the fifth field is the mount point, with octal escapes.
		fields := strings.Fields(line)
		if len(fields) > 4 && concerns(fields, root) {
			points = append(points, unescapeMount(fields[4]))
		}
	}
	sort.Slice(points, func(i, j int) bool { return len(points[i]) > len(points[j]) })
	for _, p := range points {
		if err := unix.Unmount(p, unix.MNT_DETACH); err != nil {
			return fmt.Errorf("cannot unmount leftover %s: %w", p, err)
		}
	}
	return nil
}

// concerns tells whether a mount is below root, or shows something that is: a
// killed process leaves such mounts wherever its temporary folder was.
func concerns(fields []string, root string) bool {
	if strings.HasPrefix(unescapeMount(fields[4]), root+"/") {
		return true
	}
	temporary := strings.Contains(fields[4], "/buildkit-mount") || strings.Contains(fields[4], "/containerd-mount")
	return temporary && strings.Contains(unescapeMount(strings.Join(fields, " ")), root+"/")
}

var mountEscapes = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

func unescapeMount(s string) string { return mountEscapes.Replace(s) }
