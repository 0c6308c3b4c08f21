package registrytest

import (
	"io"
	"net"
	"testing"
	"time"
)

// Slow puts a registry at a distance: what a client sends arrives later by the latency. It passes
// bytes on and looks at nothing, so it costs no time of its own.
func Slow(t testing.TB, s *Server, latency time.Duration) *Server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go relay(in, s.Addr, latency)
		}
	}()
	away := *s
	away.Addr = l.Addr().String()
	return &away
}

func relay(in net.Conn, to string, latency time.Duration) {
	defer in.Close()
	out, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer out.Close()
	go func() {
		_, _ = io.Copy(in, out)
		in.Close()
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := in.Read(buf)
		time.Sleep(latency)
		if n > 0 {
			if _, err := out.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
