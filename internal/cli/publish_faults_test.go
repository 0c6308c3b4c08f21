package cli_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// scene is a fleet, a registry, and what can go wrong between them.
type scene struct {
	t       *testing.T
	server  *registrytest.Server
	tokens  *registrytest.Tokens // nil: everybody may do everything
	proxy   *registrytest.Proxy  // puts faults before the registry
	door    *registrytest.Door   // before that
	forward *registrytest.Forward
	secure  bool
	*reader
	*chain
}

// faultCase is what goes wrong while version 2 of the fleet is published, and what is said about it.
type faultCase struct {
	name   string
	setUp  func(*scene) // what is other than usual; before version 1 is published
	fault  registrytest.Fault
	faults func(*scene) // instead
	mend   func(*scene) // beside taking the fault out

	done   string   // the images that are published nevertheless; "all": the run is good
	maybe  string   // those that may be
	reason string   // of each that is not, or that is blocked by another
	failed []string // errors that must be among them, by the image
	early  bool     // it ends before anything is built
}

const (
	elsewhereDigest = "sha256:0123456789012345678901234567890123456789012345678901234567890123"
	fullBody        = `{"errors":[{"code":"UNKNOWN","message":"unknown error","detail":"write /data: no space left on device"}]}`
)

// challenge answers that a token is not good any more.
func (s *scene) challenge(f registrytest.Fault) registrytest.Fault {
	f.Status = 401
	f.Header = map[string]string{"Www-Authenticate": fmt.Sprintf(`Bearer realm=%q,service="registry of a test",error="invalid_token"`, s.tokens.URL())}
	return f
}

var faultCases = []faultCase{
	{name: "500 for a while", fault: registrytest.Fault{Status: 500, Times: 3}, done: "all"},
	{name: "500 for a while, for tags", fault: registrytest.Fault{Method: "PUT", Path: "/manifests/", Status: 500, Times: 3}, done: "all"},
	{name: "500 always", fault: registrytest.Fault{Status: 500}, early: true, reason: "internal failure (500)"},
	{name: "500 for one image", fault: registrytest.Fault{Method: "POST", Path: "/lib/", Status: 500},
		done: "base tool", failed: []string{"lib"}, reason: "internal failure (500)"},
	{name: "500 for the first image", fault: registrytest.Fault{Method: "PATCH", Path: "/base/", Status: 500},
		failed: []string{"base"}, reason: "internal failure (500)"},
	{name: "500 for a tag", fault: registrytest.Fault{Method: "PUT", Path: "/lib/manifests/2", Status: 500},
		done: "base tool", failed: []string{"lib"}, reason: "internal failure (500)"},
	{name: "500 for latest", fault: registrytest.Fault{Path: "/lib/manifests/latest", Status: 500},
		done: "base tool", failed: []string{"lib"}, reason: "internal failure (500)"},
	{name: "429 once", fault: registrytest.Fault{Method: "POST", Status: 429, Times: 1, Header: map[string]string{"Retry-After": "1"}}, done: "all"},
	{name: "429 for an hour", fault: registrytest.Fault{Method: "POST", Path: "/lib/", Status: 429, Header: map[string]string{"Retry-After": "3600"}},
		done: "base tool", failed: []string{"lib"}, reason: "too many requests (429), wait 1h0m0s"},
	{name: "429 at once", fault: registrytest.Fault{Status: 429, Header: map[string]string{"Retry-After": "3600"}}, early: true, reason: "wait 1h0m0s"},
	{name: "an upload is cut once", fault: registrytest.Fault{Method: "PATCH", CutRequest: 100 << 10, Times: 1}, done: "all"},
	{name: "each upload is cut", fault: registrytest.Fault{Method: "PATCH", Path: "/lib/", CutRequest: 100 << 10},
		done: "base tool", failed: []string{"lib"}, reason: "cannot be reached"},
	{name: "an answer is cut once", fault: registrytest.Fault{Method: "GET", Path: "/manifests/", CutResponse: 100, Times: 1}, done: "all"},
	{name: "the look at latest afterwards is cut", fault: registrytest.Fault{Method: "GET", Path: "/lib/tags/", CutResponse: 20}, done: "all"},
	{name: "each look at latest is cut", fault: registrytest.Fault{Method: "GET", Path: "/lib/manifests/latest", CutRequest: -1},
		done: "base tool", failed: []string{"lib"}, reason: "the connection was cut"},
	{name: "an answer is lost", fault: registrytest.Fault{Method: "PUT", CutResponse: -1, Times: 2}, done: "all"},
	{name: "each answer about an image is cut", fault: registrytest.Fault{Method: "GET", Path: "/lib/", CutResponse: 20}, early: true, reason: "the connection was cut"},
	{name: "each request for a tag is cut", fault: registrytest.Fault{Method: "PUT", Path: "/lib/manifests/2", CutRequest: -1},
		done: "base tool", failed: []string{"lib"}, reason: "the connection was cut"},
	// It is looked whether the tag was moved, and it was.
	{name: "each answer to a tag is lost", fault: registrytest.Fault{Method: "PUT", Path: "/lib/manifests/2", CutResponse: -1}, done: "all"},
	{name: "wrong digest for a blob", fault: registrytest.Fault{Method: "PUT", Path: "/lib/blobs/", Header: map[string]string{"Docker-Content-Digest": elsewhereDigest}},
		done: "base tool", failed: []string{"lib"}, reason: "content differs from its digest"},
	{name: "wrong digest for a manifest", fault: registrytest.Fault{Method: "PUT", Path: "/lib/manifests/", Header: map[string]string{"Docker-Content-Digest": elsewhereDigest}},
		done: "base tool", failed: []string{"lib"}, reason: "content differs from its digest"},
	{name: "wrong digest of latest", fault: registrytest.Fault{Path: "/lib/manifests/latest", Header: map[string]string{"Docker-Content-Digest": elsewhereDigest}},
		done: "base tool", failed: []string{"lib"}, reason: "the tag latest was moved by others meanwhile, to " + elsewhereDigest},
	{name: "it says that it is full", fault: registrytest.Fault{Method: "PATCH", Path: "/lib/", Status: 500, Body: fullBody},
		done: "base tool", failed: []string{"lib"}, reason: "no space left"},
	{name: "it is full", setUp: smallDisk, faults: fillDisk, mend: largerDisk,
		done: "base", maybe: "lib tool", reason: "no space left"},
	{name: "a token is revoked", setUp: withTokens, done: "all",
		faults: func(s *scene) {
			s.proxy.Inject(s.challenge(registrytest.Fault{Path: "/lib/blobs/", Skip: 1, Times: 1}))
		}},
	{name: "the user is revoked", setUp: withTokens, done: "base", maybe: "tool", failed: []string{"lib"}, reason: "access refused (401)",
		faults: func(s *scene) {
			s.proxy.Inject(s.challenge(registrytest.Fault{Path: "/lib/blobs/", Before: func() { s.tokens.Refuse(true) }}))
		},
		mend: func(s *scene) { s.tokens.Refuse(false) }},
	{name: "it is not there", setUp: withDoor, early: true, reason: "cannot be reached",
		faults: func(s *scene) { s.door.Shut() }, mend: openDoor},
	{name: "it goes away in the middle", setUp: withDoor, done: "base", maybe: "tool", failed: []string{"lib"}, reason: "cannot be reached",
		faults: func(s *scene) {
			s.proxy.Inject(registrytest.Fault{Method: "PUT", Path: "/lib/", Before: s.door.Shut, CutRequest: -1})
		},
		mend: openDoor},
	{name: "a proxy refuses", setUp: beyondProxyWithTLS, early: true, reason: "cannot be reached: through the proxy ",
		faults: func(s *scene) { s.forward.Refuse(403) }, mend: func(s *scene) { s.forward.Refuse(0) }},
	{name: "a proxy wants a password", setUp: beyondProxyWithTLS, early: true, reason: "Proxy Authentication Required",
		faults: func(s *scene) { s.forward.Refuse(407) }, mend: func(s *scene) { s.forward.Refuse(0) }},
	{name: "a proxy refuses in the middle", setUp: beyondProxy, done: "base", maybe: "tool", failed: []string{"lib"}, reason: "what the proxy 127.0.0.1:",
		faults: func(s *scene) {
			s.proxy.Inject(registrytest.Fault{Method: "PUT", Path: "/lib/", Before: func() { s.forward.Refuse(403) }, CutRequest: -1})
		},
		mend: func(s *scene) { s.forward.Refuse(0) }},
}

func withTokens(s *scene) { s.tokens = registrytest.StartTokens(s.t, "ann", "S3CRETWORD") }

func withDoor(s *scene) { s.door = registrytest.NewDoor(s.t, "") }

func openDoor(s *scene) {
	if err := s.door.Open(); err != nil {
		s.t.Fatal(err)
	}
}

func beyondProxy(s *scene) { s.forward = registrytest.StartForward(s.t, &registrytest.Forward{}) }

func beyondProxyWithTLS(s *scene) {
	beyondProxy(s)
	s.secure = true
}

// smallDisk gives the registry a disk of its own.
func smallDisk(s *scene) {
	s.server = &registrytest.Server{Root: filepath.Join(s.dir, "disk")}
	if err := os.Mkdir(s.server.Root, 0o755); err != nil {
		s.t.Fatal(err)
	}
	mountDisk(s, 0, 64<<20)
	s.t.Cleanup(func() { syscall.Unmount(s.server.Root, syscall.MNT_DETACH) })
}

func mountDisk(s *scene, flags uintptr, size uint64) {
	if err := syscall.Mount("tmpfs", s.server.Root, "tmpfs", flags, fmt.Sprintf("size=%d", size)); err != nil {
		s.t.Fatal(err)
	}
}

// fillDisk leaves room for base alone: each image has 400 KiB of its own.
func fillDisk(s *scene) {
	var stat syscall.Statfs_t
	if err := syscall.Statfs(s.server.Root, &stat); err != nil {
		s.t.Fatal(err)
	}
	mountDisk(s, syscall.MS_REMOUNT, (stat.Blocks-stat.Bfree)*uint64(stat.Bsize)+700<<10)
}

func largerDisk(s *scene) { mountDisk(s, syscall.MS_REMOUNT, 64<<20) }

// newScene publishes version 1 and makes version 2 the next.
func newScene(t *testing.T, f faultCase) *scene {
	s := &scene{t: t, chain: newLevels(t)}
	if f.setUp != nil {
		f.setUp(s)
	}
	config := registrytest.Config{Tokens: s.tokens, TLS: s.secure}
	if s.server != nil {
		config.Root = s.server.Root
	}
	s.server = registrytest.Start(t, config)
	s.proxy = registrytest.NewProxy(t, s.server)
	address, more := s.proxy.Addr, ""
	switch {
	case s.secure:
		s.forward.To = s.server.Addr
		address, more = "registry.test", "ca_bundle: "+s.server.CA+"\nhttp_proxy: http://"+s.forward.Addr+"\n"
	case s.door != nil:
		s.door = registrytest.NewDoor(t, s.proxy.Addr)
		address = s.door.Addr
	case s.forward != nil:
		s.forward.To = s.proxy.Addr
		address, more = "registry.test", "insecure_registries: [registry.test]\nhttp_proxy: http://"+s.forward.Addr+"\n"
	case s.tokens != nil:
		more = "username: ann\npassword: S3CRETWORD\n"
	}
	open := s.server
	if s.tokens != nil {
		open = registrytest.Start(t, registrytest.Config{Root: s.server.Root})
	}
	s.reader = newReader(t, open, "", "")
	s.configure("registry: %s\nnamespace: p\n%s", address, more)
	s.version(1, 400<<10)
	if r := s.run("build", "--publish", "fleet"); r.code != 0 || len(r.sent) != 4 {
		t.Fatalf("version 1: %s", r)
	}
	s.version(2, 400<<10)
	return s
}

// TestPublishFaults: whatever goes wrong while a fleet is published, each tag names a whole image that
// is the version it says; what was not published is named with the reason, and its children as blocked;
// and the next run finishes it without building anything again.
func TestPublishFaults(t *testing.T) {
	enginetest.Need(t)
	for _, f := range faultCases {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			s := newScene(t, f)
			if f.faults != nil {
				f.faults(s)
			} else {
				s.proxy.Inject(f.fault)
			}
			first := s.run("build", "--publish", "fleet")
			s.check(f, first)

			s.proxy.Heal()
			if f.mend != nil {
				f.mend(s)
			}
			next := s.run("build", "--publish", "fleet")
			if next.code != 0 {
				t.Errorf("the next run: %s", next)
			}
			if again := slices.DeleteFunc(next.built, func(n string) bool { return !slices.Contains(first.built, n) }); len(again) > 0 {
				t.Errorf("built again: %v\n%s%s", again, first, next)
			}
			versions, latest := s.fleet(t, s.chain)
			for _, n := range s.names {
				if !slices.Equal(versions[n], []string{"1", "2"}) || latest[n] != "2" {
					t.Errorf("%s has the versions %v, latest is %s", n, versions[n], latest[n])
				}
			}
			if r := s.end(s.elsewhere("build", "--publish", "fleet")); r.code != 0 || !strings.Contains(r.out, "Nothing to build") {
				t.Errorf("with an empty store: %s", r)
			}
			if t.Failed() {
				t.Log(first)
			}
		})
	}
}

// check compares what is published, and what is said about it, with what must be.
func (s *scene) check(f faultCase, r ran) {
	s.t.Helper()
	t := s.t
	if want := map[bool]int{true: 0, false: 1}[f.done == "all"]; r.code != want {
		t.Errorf("the exit code is not %d: %s", want, r)
	}
	if f.early && (len(r.built) > 0 || !strings.Contains(r.err, f.reason)) {
		t.Errorf("nothing should be built, for %q: %s", f.reason, r)
	}
	versions, latest := s.fleet(t, s.chain)
	for _, n := range s.names {
		done := f.done == "all" || slices.Contains(strings.Fields(f.done), n)
		there, said := slices.Contains(versions[n], "2"), slices.Contains(r.sent, n)
		if !slices.Contains(versions[n], "1") || latest[n] != "1" && latest[n] != "2" || there && latest[n] != "2" {
			t.Errorf("%s has the versions %v, latest is %s", n, versions[n], latest[n])
		}
		if done && !said || said && !there || there && !done && !slices.Contains(strings.Fields(f.maybe), n) {
			t.Errorf("%s: published %v, said %v, should be %v", n, there, said, done)
		}
		if !said && !f.early {
			s.named(f, r, n)
		}
	}
}

// named looks for what is said about an image that was not published: why, or what it needs.
func (s *scene) named(f faultCase, r ran, image string) {
	s.t.Helper()
	blocked, failed := "not published: "+image+":2 needs ", ""
	for part := range strings.SplitSeq(r.err, "error: ") {
		if line, _, _ := strings.Cut(part, "\n"); strings.Contains(line, "/p/"+image+":2") {
			failed = part
		}
	}
	must := slices.Contains(f.failed, image)
	switch {
	case failed != "" && strings.Contains(failed, f.reason) && strings.Contains(r.out, "ERROR: image ") && strings.Contains(r.out, "/p/"+image+":2 could not be published"):
	case !must && failed == "" && strings.Contains(r.err, blocked) && strings.Contains(r.out, "/p/"+image+":2 needs "):
	default:
		s.t.Errorf("%s is not named with its reason %q:\n%s", image, f.reason, r)
	}
}
