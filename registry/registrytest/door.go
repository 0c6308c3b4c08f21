package registrytest

import (
	"io"
	"net"
	"sync"
	"testing"
)

// Door is an address that a server can be reached at while it is open. Nobody listens there when it is
// shut.
type Door struct {
	Addr string

	to string

	mu       sync.Mutex
	listener net.Listener // nil when it is shut
	passing  map[net.Conn]bool
}

// NewDoor makes one, open, to the server at an address.
func NewDoor(t testing.TB, to string) *Door {
	t.Helper()
	d := &Door{Addr: "127.0.0.1:0", to: to, passing: map[net.Conn]bool{}}
	if err := d.Open(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Shut)
	return d
}

// Open lets everybody in, at the same address as before.
func (d *Door) Open() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	l, err := net.Listen("tcp", d.Addr)
	if err != nil {
		return err
	}
	d.Addr, d.listener = l.Addr().String(), l
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go d.pass(l, in)
		}
	}()
	return nil
}

// Shut ends what passes, too.
func (d *Door) Shut() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.listener == nil {
		return
	}
	d.listener.Close()
	d.listener = nil
	for c := range d.passing {
		c.Close()
	}
}

func (d *Door) pass(l net.Listener, in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", d.to)
	if err != nil {
		return
	}
	defer out.Close()
	d.mu.Lock()
	open := d.listener == l
	d.passing[in] = open
	d.mu.Unlock()
	defer func() { d.mu.Lock(); delete(d.passing, in); d.mu.Unlock() }()
	if !open {
		return
	}
	go func() {
		_, _ = io.Copy(in, out)
		in.Close()
	}()
	_, _ = io.Copy(out, in)
}
