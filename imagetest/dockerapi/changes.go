package dockerapi

import (
	"net/http"

	"github.com/moby/go-archive"
	"github.com/moby/go-archive/chrootarchive"
	api "github.com/moby/moby/api/types/container"
	"github.com/slipway-build/slipway/engine/container"
)

var changeTypes = map[container.ChangeKind]api.ChangeType{
	container.Modified: api.ChangeModify, container.Added: api.ChangeAdd, container.Deleted: api.ChangeDelete,
}

// containerChanges says what the container has otherwise than its image (docker diff).
func (s *daemon) containerChanges(w http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	differ, ok := c.runtime.(container.Differ)
	if !ok {
		return notDone("comparing a container with its image")
	}
	list, err := differ.Changes(r.Context())
	if err != nil {
		return err
	}
	out := []api.FilesystemChange{}
	for _, change := range list {
		out = append(out, api.FilesystemChange{Path: change.Path, Kind: changeTypes[change.Kind]})
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

// exportContainer answers with a tar archive of the container's files, without what is mounted.
func (s *daemon) exportContainer(w http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	root := c.runtime.Root()
	content, err := chrootarchive.Tar(root, &archive.TarOptions{Compression: 0}, root)
	if err != nil {
		return err
	}
	send(w, "application/octet-stream", content)
	return nil
}
