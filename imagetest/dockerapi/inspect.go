package dockerapi

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/docker/go-units"
	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/mount"
	"github.com/moby/moby/api/types/network"
)

// all returns the containers, newest first.
func (s *daemon) all() []*instance {
	s.mu.Lock()
	var out []*instance
	for _, c := range s.containers {
		out = append(out, c)
	}
	s.mu.Unlock()
	slices.SortFunc(out, func(a, b *instance) int { return b.created.Compare(a.created) })
	return out
}

// view is the state of a container at this moment.
func (c *instance) view() api.State {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := api.State{
		Status: c.state, Running: c.running != nil, ExitCode: c.exitCode, Error: c.failure,
		StartedAt: c.started.Format(time.RFC3339Nano), FinishedAt: c.finished.Format(time.RFC3339Nano),
		Health: c.healthNow(),
	}
	if c.running != nil {
		out.Pid = c.running.Pid()
	}
	return out
}

// inspection has the fields that newer versions of the API have dropped, but
// tests' templates ask for.
type inspection struct {
	api.InspectResponse
	NetworkSettings legacyNetwork
}

type legacyNetwork struct {
	api.NetworkSettings
	IPAddress   string
	IPPrefixLen int
	Gateway     string
	MacAddress  string
}

func (s *daemon) inspectContainer(w http.ResponseWriter, r *http.Request) error {
	c, err := s.find(r.PathValue("id"))
	if err != nil {
		return err
	}
	state := c.view()
	out := inspection{InspectResponse: api.InspectResponse{
		ID: c.id, Created: c.created.Format(time.RFC3339Nano), State: &state, Image: c.image.Digest,
		Name: "/" + s.nameOf(c), Driver: "overlayfs", Platform: "linux", HostConfig: c.host, Config: c.config,
		Mounts: c.mountPoints(), ExecIDs: s.execsOf(c),
	}}
	if args := c.spec.Process.Args; len(args) > 0 {
		out.Path, out.Args = args[0], args[1:]
	}
	out.NetworkSettings.Ports = c.portMap()
	out.NetworkSettings.Networks = c.networks()
	for _, n := range out.NetworkSettings.Networks {
		if n.IPAddress.IsValid() {
			out.NetworkSettings.IPAddress, out.NetworkSettings.IPPrefixLen = n.IPAddress.String(), n.IPPrefixLen
		}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (c *instance) mountPoints() []api.MountPoint {
	out := []api.MountPoint{}
	for _, m := range c.spec.Mounts {
		p := api.MountPoint{Type: mount.TypeTmpfs, Source: m.Source, Destination: m.Target, RW: !m.ReadOnly}
		if m.Source != "" {
			p.Type, p.Propagation = mount.TypeBind, mount.PropagationRPrivate
		}
		if m.Volume != "" {
			p.Type, p.Name, p.Driver, p.Propagation = mount.TypeVolume, m.Volume, localDriver, ""
		}
		if m.ReadOnly {
			p.Mode = "ro"
		}
		out = append(out, p)
	}
	return out
}

// portMap has the exposed ports, and where the published ones can be reached
// while the container runs.
func (c *instance) portMap() network.PortMap {
	out := network.PortMap{}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.running == nil {
		return out
	}
	for p := range c.config.ExposedPorts {
		out[p] = nil
	}
	for _, f := range c.listeners {
		out[f.port] = append(out[f.port], network.PortBinding{HostIP: f.hostIP(), HostPort: itoa(f.number)})
	}
	return out
}

// networks shows one network under the name that was asked for. Its address is
// loopback's, where the container's ports are.
func (c *instance) networks() map[string]*network.EndpointSettings {
	name := string(c.host.NetworkMode)
	if name == "" || name == "default" {
		name = "bridge"
	}
	endpoint := &network.EndpointSettings{}
	if name == "bridge" && c.view().Running {
		endpoint.IPAddress, endpoint.IPPrefixLen = netip.AddrFrom4([4]byte{127, 0, 0, 1}), 8
	}
	return map[string]*network.EndpointSettings{name: endpoint}
}

func (s *daemon) listContainers(w http.ResponseWriter, r *http.Request) error {
	filters, err := parseFilters(r.URL.Query().Get("filters"))
	if err != nil {
		return err
	}
	all := flag(r, "all") || len(filters["status"]) > 0 || len(filters["exited"]) > 0
	limit := 0
	if l := r.URL.Query().Get("limit"); l != "" {
		if err := json.Unmarshal([]byte(l), &limit); err != nil {
			return badRequest("cannot read limit %q", l)
		}
		all = all || limit > 0
	}
	out := []api.Summary{}
	for _, c := range s.all() {
		state := c.view()
		if !all && !state.Running || limit > 0 && len(out) == limit {
			continue
		}
		ok, err := filters.match(c, s.nameOf(c), state)
		if err != nil {
			return err
		}
		if ok {
			out = append(out, s.summary(c, state))
		}
	}
	writeJSON(w, http.StatusOK, out)
	return nil
}

func (s *daemon) summary(c *instance, state api.State) api.Summary {
	out := api.Summary{
		ID: c.id, Names: []string{"/" + s.nameOf(c)}, Image: c.config.Image, ImageID: c.image.Digest,
		Command: strings.Join(c.spec.Process.Args, " "), Created: c.created.Unix(), Labels: c.config.Labels,
		State: state.Status, Status: c.statusText(state), Mounts: c.mountPoints(),
		NetworkSettings: &api.NetworkSettingsSummary{Networks: c.networks()}, Ports: []api.PortSummary{},
	}
	out.HostConfig.NetworkMode = string(c.host.NetworkMode)
	for port, bindings := range c.portMap() {
		if len(bindings) == 0 {
			out.Ports = append(out.Ports, api.PortSummary{PrivatePort: port.Num(), Type: string(port.Proto())})
		}
		for _, b := range bindings {
			out.Ports = append(out.Ports, api.PortSummary{IP: b.HostIP, PrivatePort: port.Num(), PublicPort: atoi(b.HostPort), Type: string(port.Proto())})
		}
	}
	slices.SortFunc(out.Ports, func(a, b api.PortSummary) int { return int(a.PrivatePort) - int(b.PrivatePort) })
	return out
}

// statusText is what `docker ps` shows.
func (c *instance) statusText(state api.State) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case state.Running:
		return "Up " + units.HumanDuration(time.Since(c.started)) + c.healthText()
	case c.finished.IsZero():
		return "Created"
	}
	return "Exited (" + itoa(state.ExitCode) + ") " + units.HumanDuration(time.Since(c.finished)) + " ago"
}
