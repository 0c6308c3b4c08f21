package dockerapi

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	api "github.com/moby/moby/api/types/container"
	"github.com/moby/moby/api/types/network"
	"github.com/slipway-build/slipway/engine/container"
)

func TestMergeEnv(t *testing.T) {
	for name, test := range map[string]struct{ base, over, want []string }{
		"added":      {[]string{"A=1"}, []string{"B=2"}, []string{"A=1", "B=2"}},
		"replaced":   {[]string{"A=1", "B=2"}, []string{"A=3"}, []string{"A=3", "B=2"}},
		"taken away": {[]string{"A=1", "B=2"}, []string{"A"}, []string{"B=2"}},
		"empty":      {[]string{"A=1"}, []string{"A="}, []string{"A="}},
		"back again": {[]string{"A=1"}, []string{"A", "A=2"}, []string{"A=2"}},
	} {
		if diff := cmp.Diff(test.want, mergeEnv(test.base, test.over)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestParseBind(t *testing.T) {
	for text, want := range map[string]container.Mount{
		"/a:/b":        {Source: "/a", Target: "/b"},
		"/a:/b:ro":     {Source: "/a", Target: "/b", ReadOnly: true},
		"/a:/b:z,ro":   {Source: "/a", Target: "/b", ReadOnly: true},
		"/a:/b:cached": {Source: "/a", Target: "/b"},
		"name:/b:ro":   {Volume: "name", Target: "/b", ReadOnly: true},
	} {
		got, _, err := parseBind(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	for _, text := range []string{"/a", "/a:/b:strange", "/a:/b:ro:x"} {
		if _, _, err := parseBind(text); err == nil {
			t.Errorf("%s: no error", text)
		}
	}
}

func TestPublications(t *testing.T) {
	tcp := network.MustParsePort("80")
	list, err := publications(&api.Config{ExposedPorts: network.PortSet{tcp: {}, network.MustParsePort("81"): {}, network.MustParsePort("82/udp"): {}}},
		&api.HostConfig{PublishAllPorts: true, PortBindings: network.PortMap{tcp: {{HostPort: "8080-8090"}, {}}}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range list {
		got = append(got, p.port.String()+" "+itoa(p.number))
	}
	if diff := cmp.Diff([]string{"80/tcp 8080", "80/tcp 0", "81/tcp 0"}, got); diff != "" {
		t.Error(diff)
	}
	_, err = publications(&api.Config{}, &api.HostConfig{PortBindings: network.PortMap{network.MustParsePort("53/udp"): nil}})
	if err == nil || !strings.Contains(err.Error(), "publishing udp ports (53/udp)") {
		t.Errorf("udp: %v", err)
	}
}

func TestParseTime(t *testing.T) {
	for text, want := range map[string]time.Time{
		"": {}, "0": {}, "100": time.Unix(100, 0), "100.5": time.Unix(100, 500_000_000), "100.000000001": time.Unix(100, 1),
	} {
		if got, err := parseTime(text); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v, %v", text, got, err)
		}
	}
	if _, err := parseTime("yesterday"); err == nil {
		t.Error("no error")
	}
}

func TestVersions(t *testing.T) {
	s := newDaemon(nil)
	for path, want := range map[string]int{
		"/_ping": http.StatusOK, "/v1.41/_ping": http.StatusOK, "/v1.47/version": http.StatusOK,
		"/v1.99/_ping": http.StatusBadRequest, "/v1.12/_ping": http.StatusBadRequest, "/v2.0/_ping": http.StatusBadRequest,
		"/v1.41/networks": http.StatusNotImplemented, "/v1.41/networks/x": http.StatusNotFound,
		"/containers/a/b:1/json": http.StatusNotFound, "/containers/a/stats": http.StatusNotImplemented,
	} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		if w.Code != want {
			t.Errorf("%s: status %d, want %d: %s", path, w.Code, want, w.Body)
		}
		if got := w.Header().Get("Api-Version"); got != apiVersion {
			t.Errorf("%s: version %q", path, got)
		}
	}
}

func TestStartExitCode(t *testing.T) {
	for reason, want := range map[string]int{
		`exec: "x": executable file not found in $PATH`: 127, `exec: "/x": stat /x: no such file or directory`: 127,
		`exec: "/x": permission denied`: 126, `exec: "/": is a directory`: 126, "mount: strange": 128,
	} {
		if got := startExitCode(&container.StartError{Reason: reason}); got != want {
			t.Errorf("%s: %d, want %d", reason, got, want)
		}
	}
}
