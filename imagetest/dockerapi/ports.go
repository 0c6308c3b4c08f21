package dockerapi

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"

	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
)

// publication is one published port. As containers share the host's network, a
// port that is published under its own number needs nothing; another number
// needs a forwarder.
type publication struct {
	port network.Port
	// host is the address people may use; the zero one means loopback and, for
	// a port under its own number, every address.
	host netip.Addr
	// number is the host's port, 0 for any free one.
	number uint16
}

// publications reads the port bindings of a container, sorted by port.
func publications(config *api.Config, h *api.HostConfig) ([]publication, error) {
	var out []publication
	if h.NetworkMode.IsHost() || h.NetworkMode.IsNone() {
		return nil, nil
	}
	for port, bindings := range h.PortBindings {
		if port.Proto() != network.TCP {
			return nil, notDone("publishing %s ports (%s); containers share the host's network, so %s is reachable as it is", port.Proto(), port, port)
		}
		if len(bindings) == 0 {
			bindings = []network.PortBinding{{}}
		}
		for _, b := range bindings {
			p := publication{port: port, host: b.HostIP}
			if b.HostPort != "" {
				// A range stands for its first free port; the first one will do.
				first, _, _ := strings.Cut(b.HostPort, "-")
				n, err := strconv.ParseUint(first, 10, 16)
				if err != nil {
					return nil, badRequest("invalid port specification: %q", b.HostPort)
				}
				p.number = uint16(n)
			}
			out = append(out, p)
		}
	}
	if h.PublishAllPorts {
		for port := range config.ExposedPorts {
			if _, bound := h.PortBindings[port]; !bound && port.Proto() == network.TCP {
				out = append(out, publication{port: port})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b publication) int { return int(a.port.Num()) - int(b.port.Num()) })
	return out, nil
}

// forwarder is an open published port.
type forwarder struct {
	publication
	listener net.Listener // nil when the container itself listens there
	mu       sync.Mutex
	conns    map[net.Conn]struct{}
}

// openPorts makes published ports reachable, all or none.
func openPorts(list []publication) ([]*forwarder, error) {
	var out []*forwarder
	for _, p := range list {
		f, err := openPort(p)
		if err != nil {
			closePorts(out)
			return nil, err
		}
		out = append(out, f)
	}
	return out, nil
}

func openPort(p publication) (*forwarder, error) {
	f := &forwarder{publication: p, conns: map[net.Conn]struct{}{}}
	address := ""
	own := p.number == p.port.Num()
	if p.host.IsValid() && !p.host.IsUnspecified() {
		address = p.host.String()
	} else if !own {
		address = "127.0.0.1"
	}
	listener, err := net.Listen("tcp", net.JoinHostPort(address, strconv.Itoa(int(p.number))))
	if err != nil {
		return nil, fmt.Errorf("Bind for %s:%d failed: port is already allocated: %w", p.hostIP(), p.number, err)
	}
	if own {
		// The container will listen there itself; this was to see if it can.
		return f, listener.Close()
	}
	f.listener = listener
	f.number = uint16(listener.Addr().(*net.TCPAddr).Port)
	go f.accept()
	return f, nil
}

// hostIP is the address to show for a publication, Docker's default if none was given.
func (p publication) hostIP() netip.Addr {
	if p.host.IsValid() {
		return p.host
	}
	return netip.IPv4Unspecified()
}

func (f *forwarder) accept() {
	for {
		conn, err := f.listener.Accept()
		if err != nil {
			return
		}
		go f.serve(conn)
	}
}

// serve joins a connection to the container's port, each direction on its own.
func (f *forwarder) serve(client net.Conn) {
	defer client.Close()
	server, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", f.port.Port()))
	if err != nil {
		return
	}
	defer server.Close()
	if !f.track(client, server) {
		return
	}
	defer f.untrack(client, server)
	var both sync.WaitGroup
	pass := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		if tcp, ok := to.(*net.TCPConn); ok {
			_ = tcp.CloseWrite()
		}
	}
	both.Go(func() { pass(server, client) })
	both.Go(func() { pass(client, server) })
	both.Wait()
}

// track is false when the forwarder is closed already.
func (f *forwarder) track(conns ...net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conns == nil {
		return false
	}
	for _, c := range conns {
		f.conns[c] = struct{}{}
	}
	return true
}

func (f *forwarder) untrack(conns ...net.Conn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range conns {
		delete(f.conns, c)
	}
}

func closePorts(list []*forwarder) {
	for _, f := range list {
		if f.listener == nil {
			continue
		}
		f.listener.Close()
		f.mu.Lock()
		for c := range f.conns {
			c.Close()
		}
		f.conns = nil
		f.mu.Unlock()
	}
}
