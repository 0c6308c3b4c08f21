//go:build linux

package embedded

import (
	"debug/elf"
	"os/exec"
	"path/filepath"

	"github.com/moby/buildkit/executor"
	"github.com/slipway-build/slipway/engine/container"
	"github.com/slipway-build/slipway/problem"
)

// initTarget is where a container sees its init, as in Docker's.
const initTarget = "/sbin/docker-init"

// inits are programs made to be the first process of a container, by the names that Docker, Debian's tini
// and Podman give them. Each takes its command after "--".
var inits = []string{"docker-init", "tini-static", "tini", "catatonit"}

// initProgram is the mount of an init. It runs in any image, so it must need no other file.
func initProgram() (executor.Mount, error) {
	for _, name := range inits {
		path, err := exec.LookPath(name)
		if err != nil {
			continue
		}
		if path, err = filepath.EvalSymlinks(path); err != nil || !static(path) {
			continue
		}
		m := container.Mount{Source: path, Target: initTarget, ReadOnly: true}
		return executor.Mount{Src: mountSource{m}, Dest: initTarget, Readonly: true}, nil
	}
	return executor.Mount{}, problem.New("cannot run an init: there is no statically linked docker-init, tini or catatonit on the PATH", "install tini (on Debian: apt-get install tini)")
}

// static tells whether a program runs without an interpreter and libraries.
func static(path string) bool {
	file, err := elf.Open(path)
	if err != nil {
		return false
	}
	defer file.Close()
	for _, p := range file.Progs {
		if p.Type == elf.PT_INTERP {
			return false
		}
	}
	return true
}
