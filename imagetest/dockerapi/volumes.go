package dockerapi

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	rootpath "github.com/containerd/continuity/fs"
	"github.com/slipway-build/slipway/engine/container"
)

// localDriver is the one that keeps volumes in folders.
const localDriver = "local"

// volume is a folder that containers share, and that outlives them if it was given a name.
type volume struct {
	name    string
	dir     string
	named   bool
	created time.Time
	labels  map[string]string
	// users and filled belong to daemon.mu. Filled says that the first user's image has had its say.
	users  map[*instance]struct{}
	filled bool
}

// volumeUse is a volume that a container asks for: by name, or one of its own.
type volumeUse struct {
	name, target string
	readOnly     bool
	// noCopy leaves out what the image has at the target.
	noCopy bool
	volume *volume
}

// validVolume is Docker's rule for names of volumes.
var validVolume = regexp.MustCompile(`^[a-zA-Z0-9][a-zA-Z0-9_.-]+$`)

// makeVolume enters a volume under a name, or under one that it invents. The caller holds s.mu.
func (s *daemon) makeVolume(name string, labels map[string]string) (*volume, error) {
	if known := s.volumes[name]; known != nil {
		return known, nil
	}
	if s.closing {
		return nil, badRequest("the test is over: no more volumes")
	}
	v := &volume{name: name, named: name != "", created: time.Now().UTC(), labels: labels, users: map[*instance]struct{}{}}
	if name == "" {
		v.name = newID()
	} else if !validVolume.MatchString(name) {
		return nil, badRequest("create %s: %q includes invalid characters for a local volume name, only \"[a-zA-Z0-9][a-zA-Z0-9_.-]\" are allowed. If you intended to pass a host directory, use absolute path", name, name)
	}
	if s.volumesDir == "" {
		// An engine's temporary folder is below its root and emptied when the next one starts.
		dir, err := os.MkdirTemp("", "volumes-")
		if err != nil {
			return nil, fmt.Errorf("cannot make volumes: %w", err)
		}
		s.volumesDir = dir
	}
	v.dir = filepath.Join(s.volumesDir, v.name)
	if err := os.Mkdir(v.dir, 0o755); err != nil {
		return nil, fmt.Errorf("cannot make volume: %w", err)
	}
	s.volumes[v.name] = v
	return v, nil
}

// attachVolumes makes the volumes that a container asks for, and those of its image where nothing else is
// mounted.
func (s *daemon) attachVolumes(c *instance) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, target := range slices.Sorted(maps.Keys(c.config.Volumes)) {
		if !c.mountsAt(target) {
			c.volumes = append(c.volumes, &volumeUse{target: target})
		}
	}
	for _, u := range c.volumes {
		if u.volume == nil {
			v, err := s.makeVolume(u.name, nil)
			if err != nil {
				return err
			}
			u.volume = v
		}
		u.volume.users[c] = struct{}{}
		c.spec.Mounts = append(c.spec.Mounts, container.Mount{Source: u.volume.dir, Target: u.target, ReadOnly: u.readOnly, Volume: u.volume.name})
	}
	sortMounts(c.spec.Mounts)
	return checkTargets(c.spec.Mounts)
}

// mountsAt tells whether something is mounted at the target already.
func (c *instance) mountsAt(target string) bool {
	target = path.Clean(target)
	return slices.ContainsFunc(c.spec.Mounts, func(m container.Mount) bool { return path.Clean(m.Target) == target }) ||
		slices.ContainsFunc(c.volumes, func(u *volumeUse) bool { return path.Clean(u.target) == target })
}

// fillVolumes copies what the image has at the target of a new volume, as Docker does.
func (s *daemon) fillVolumes(c *instance) error {
	for _, u := range c.volumes {
		if u.noCopy || !s.claim(u.volume) {
			continue
		}
		source, err := rootpath.RootPath(c.runtime.Root(), u.target)
		if err != nil {
			return fmt.Errorf("cannot fill volume of %s: %w", u.target, err)
		}
		if info, err := os.Stat(source); err != nil || !info.IsDir() {
			continue // the image has no such folder
		}
		if err := rootpath.CopyDir(u.volume.dir, source); err != nil {
			return fmt.Errorf("cannot fill volume of %s: %w", u.target, err)
		}
	}
	return nil
}

// claim is true for the first who asks.
func (s *daemon) claim(v *volume) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	was := v.filled
	v.filled = true
	return !was
}

// releaseVolumes removes the volumes without a name that nobody uses any more.
func (s *daemon) releaseVolumes(c *instance) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, u := range c.volumes {
		if u.volume == nil {
			continue
		}
		delete(u.volume.users, c)
		if !u.volume.named && len(u.volume.users) == 0 {
			errs = append(errs, s.dropVolume(u.volume))
		}
	}
	return errors.Join(errs...)
}

// dropVolume removes a volume. The caller holds s.mu.
func (s *daemon) dropVolume(v *volume) error {
	delete(s.volumes, v.name)
	if err := os.RemoveAll(v.dir); err != nil {
		return fmt.Errorf("cannot remove volume %s: %w", v.name, err)
	}
	return nil
}

// endVolumes removes all that is left.
func (s *daemon) endVolumes() error {
	if s.volumesDir == "" {
		return nil
	}
	if err := os.RemoveAll(s.volumesDir); err != nil {
		return fmt.Errorf("cannot remove the volumes of a test: %w", err)
	}
	return nil
}

// setVolumesFrom takes over the binds and volumes of other containers (--volumes-from), where the
// container does not mount something else itself.
func (s *daemon) setVolumesFrom(c *instance) error {
	for _, from := range c.host.VolumesFrom {
		name, mode, _ := strings.Cut(from, ":")
		if mode != "" && mode != "ro" && mode != "rw" {
			return badRequest("invalid mode %q of --volumes-from %s", mode, from)
		}
		other, err := s.find(name)
		if err != nil {
			return err
		}
		for _, m := range other.spec.Mounts {
			if m.Source == "" || c.mountsAt(m.Target) {
				continue
			}
			m.ReadOnly = m.ReadOnly || mode == "ro"
			if m.Volume == "" {
				c.spec.Mounts = append(c.spec.Mounts, m)
				continue
			}
			s.mu.Lock()
			v := s.volumes[m.Volume]
			s.mu.Unlock()
			if v != nil {
				c.volumes = append(c.volumes, &volumeUse{target: m.Target, readOnly: m.ReadOnly, noCopy: true, volume: v})
			}
		}
	}
	return nil
}
