package dockerapi

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	rootpath "github.com/containerd/continuity/fs"
	"github.com/moby/go-archive"
	"github.com/moby/go-archive/chrootarchive"
	api "github.com/moby/moby/api/types/container"
)

// place is where a path of a container is on the host: below root, which no
// link of the container leads out of.
type place struct {
	root string
	// host is the full path, with the links of all folders above it resolved.
	host string
	// inside is the cleaned path as the container has it.
	inside   string
	readOnly bool
}

// locate finds a container's path. What is below a bind mount is looked for in
// its source.
func (c *instance) locate(name string) (place, error) {
	c.mu.Lock()
	runtime := c.runtime
	c.mu.Unlock()
	if name == "" {
		return place{}, badRequest("no path given")
	}
	p := place{root: runtime.Root(), readOnly: c.host.ReadonlyRootfs, inside: archive.PreserveTrailingDotOrSeparator(path.Join("/", name), name)}
	rel := path.Join("/", name)
	for _, m := range slices.Backward(c.spec.Mounts) { // the innermost
		target := path.Clean(m.Target)
		if m.Source != "" && (rel == target || strings.HasPrefix(rel, target+"/")) {
			p.readOnly = m.ReadOnly
			if info, err := os.Stat(m.Source); err == nil && info.IsDir() {
				p.root, rel = m.Source, path.Join("/", strings.TrimPrefix(rel, target))
			} else {
				p.root, rel = filepath.Dir(m.Source), "/"+filepath.Base(m.Source)
			}
			break
		}
	}
	dir, err := rootpath.RootPath(p.root, path.Dir(rel))
	if err != nil {
		return p, badRequest("cannot find %s: %v", name, err)
	}
	p.host = filepath.Join(dir, path.Base(rel))
	return p, nil
}

// stat describes the file itself, and where it leads if it is a link.
func (p place) stat() (api.PathStat, error) {
	info, err := os.Lstat(p.host)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrInvalid) {
		return api.PathStat{}, notFound("Could not find the file %s in container", p.inside)
	}
	if err != nil {
		return api.PathStat{}, badRequest("cannot read %s: %v", p.inside, errors.Unwrap(err))
	}
	out := api.PathStat{Name: path.Base(p.inside), Size: info.Size(), Mode: info.Mode(), Mtime: info.ModTime()}
	if info.Mode()&fs.ModeSymlink == 0 {
		return out, nil
	}
	target, err := rootpath.RootPath(p.root, strings.TrimPrefix(p.host, p.root))
	if err != nil {
		return out, badRequest("cannot follow %s: %v", p.inside, err)
	}
	out.LinkTarget = path.Join("/", strings.TrimPrefix(target, p.root))
	return out, nil
}

// getArchive answers GET, with a tar archive, and HEAD, with the header only.
func (s *daemon) getArchive(w http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	p, err := c.locate(r.URL.Query().Get("path"))
	if err != nil {
		return err
	}
	stat, err := p.stat()
	if err != nil {
		return err
	}
	data, err := json.Marshal(stat)
	if err != nil {
		return err
	}
	w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString(data))
	if r.Method == http.MethodHead {
		return nil
	}
	dir, base := filepath.Split(p.host)
	rebase := path.Base(p.inside)
	if stat.Mode.IsDir() {
		dir, base = p.host, "."
	}
	content, err := chrootarchive.Tar(dir, archive.TarResourceRebaseOpts(base, rebase), p.root)
	if err != nil {
		return err
	}
	send(w, "application/x-tar", content)
	return nil
}

// send answers with an archive and closes it. One that breaks off is seen by the client as such.
func send(w http.ResponseWriter, contentType string, archive io.ReadCloser) {
	defer archive.Close()
	w.Header().Set("Content-Type", contentType)
	w.WriteHeader(http.StatusOK)
	_, _ = io.Copy(w, archive)
}

// putArchive unpacks an archive in a folder of the container.
func (s *daemon) putArchive(w http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	name := r.URL.Query().Get("path")
	p, err := c.locate(path.Join("/", name))
	if err != nil {
		return err
	}
	if p.readOnly {
		return failf(http.StatusForbidden, "container rootfs or its mount is marked read-only")
	}
	// The folder may be a link to a folder.
	dir, err := rootpath.RootPath(p.root, strings.TrimPrefix(p.host, p.root))
	if err != nil {
		return badRequest("cannot find %s: %v", name, err)
	}
	info, err := os.Lstat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return notFound("Could not find the file %s in container %s", name, c.id)
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return badRequest("extraction point is not a directory")
	}
	options := &archive.TarOptions{NoOverwriteDirNonDir: flag(r, "noOverwriteDirNonDir")}
	if err := chrootarchive.UntarWithRoot(r.Body, dir, options, p.root); err != nil {
		return badRequest("cannot unpack archive in %s: %v", name, err)
	}
	w.WriteHeader(http.StatusOK)
	return nil
}
