package dockerapi

import (
	"cmp"
	"net/http"
	"slices"
	"strings"
	"time"

	vol "github.com/moby/moby/api/types/volume"
)

func (v *volume) describe() vol.Volume {
	return vol.Volume{Name: v.name, Driver: localDriver, Mountpoint: v.dir, Scope: "local", Labels: v.labels,
		CreatedAt: v.created.Format(time.RFC3339), Options: map[string]string{}}
}

func (s *daemon) createVolume(w http.ResponseWriter, r *http.Request) error {
	var request vol.CreateRequest
	if err := readJSON(r, &request); err != nil {
		return err
	}
	if d := request.Driver; d != "" && d != localDriver || len(request.DriverOpts) > 0 || request.ClusterVolumeSpec != nil {
		return notDone("drivers of volumes and their options; a volume is a folder")
	}
	s.mu.Lock()
	v, err := s.makeVolume(request.Name, request.Labels)
	if err == nil {
		v.named = true // until it is removed by name
	}
	s.mu.Unlock()
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusCreated, v.describe())
	return nil
}

func (s *daemon) findVolume(name string) (*volume, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.volumes[name]; v != nil {
		return v, nil
	}
	return nil, notFound("get %s: no such volume", name)
}

func (s *daemon) inspectVolume(w http.ResponseWriter, r *http.Request) error {
	v, err := s.findVolume(r.PathValue("name"))
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, v.describe())
	return nil
}

func (s *daemon) listVolumes(w http.ResponseWriter, r *http.Request) error {
	f, err := parseFilters(r.URL.Query().Get("filters"))
	if err != nil {
		return err
	}
	for key := range f {
		if key != "name" && key != "label" {
			return notDone("filtering volumes by %q", key)
		}
	}
	out := vol.ListResponse{Volumes: []vol.Volume{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range s.volumes {
		fits := len(f["name"]) == 0 || slices.ContainsFunc(f["name"], func(n string) bool { return strings.Contains(v.name, n) })
		for _, label := range f["label"] {
			fits = fits && matchLabel(label, v.labels)
		}
		if fits {
			out.Volumes = append(out.Volumes, v.describe())
		}
	}
	slices.SortFunc(out.Volumes, func(a, b vol.Volume) int { return cmp.Compare(a.Name, b.Name) })
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *daemon) removeVolume(w http.ResponseWriter, r *http.Request) error {
	v, err := s.findVolume(r.PathValue("name"))
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var users []string
	for c := range v.users {
		users = append(users, c.id)
	}
	if len(users) > 0 {
		slices.Sort(users)
		return conflict("remove %s: volume is in use - [%s]", v.name, strings.Join(users, ", "))
	}
	if err := s.dropVolume(v); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
