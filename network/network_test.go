package network_test

import (
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/slipway-build/slipway/network"
)

// bare takes away what this machine's environment says.
func bare(t *testing.T) {
	for _, name := range []string{"http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "REQUEST_METHOD", "SSL_CERT_FILE", "SSL_CERT_DIR", "DOCKER_CONFIG"} {
		t.Setenv(name, "")
	}
}

// TestProxy: which one counts is decided by the scheme; what the options do not name is the environment's.
func TestProxy(t *testing.T) {
	bare(t)
	const plain, secure, other = "http://a.example", "https://a.example", "http://10.1.2.3:8080"
	for name, test := range map[string]struct {
		env     map[string]string
		options network.Proxies
		want    map[string]string // address to proxy
	}{
		"none":         {want: map[string]string{plain: "", secure: ""}},
		"environment":  {env: map[string]string{"HTTP_PROXY": "http://e", "NO_PROXY": "10.0.0.0/8"}, want: map[string]string{plain: "http://e", secure: "", other: ""}},
		"one for both": {options: network.Proxies{HTTP: "http://p:1"}, want: map[string]string{plain: "http://p:1", secure: "http://p:1"}},
		"both":         {options: network.Proxies{HTTP: "http://p", HTTPS: "http://s"}, want: map[string]string{plain: "http://p", secure: "http://s"}},
		"https alone":  {env: map[string]string{"http_proxy": "http://e", "https_proxy": "http://f"}, options: network.Proxies{HTTPS: "http://s"}, want: map[string]string{plain: "http://e", secure: "http://s"}},
		"before the environment": {env: map[string]string{"HTTPS_PROXY": "http://f"}, options: network.Proxies{HTTP: "http://p"},
			want: map[string]string{plain: "http://p", secure: "http://p"}},
		"no scheme":    {options: network.Proxies{HTTP: "me:secret@p:3128"}, want: map[string]string{plain: "http://me:secret@p:3128"}},
		"socks":        {options: network.Proxies{HTTP: "socks5h://p:1080"}, want: map[string]string{plain: "socks5h://p:1080"}},
		"in a program": {env: map[string]string{"REQUEST_METHOD": "GET"}, options: network.Proxies{HTTP: "http://p"}, want: map[string]string{plain: "http://p"}},
		"exceptions": {options: network.Proxies{HTTP: "http://p", NoProxy: []string{"a.example", "10.0.0.0/8", ".below.example", "port.example:81"}},
			want: map[string]string{plain: "", "https://www.a.example": "", "http://ba.example": "http://p", other: "", "http://below.example": "http://p",
				"http://x.below.example": "", "http://port.example:81": "", "http://port.example": "http://p"}},
		"exceptions of the environment":     {env: map[string]string{"no_proxy": "a.example"}, options: network.Proxies{HTTP: "http://p"}, want: map[string]string{plain: "", other: "http://p"}},
		"exceptions instead of those":       {env: map[string]string{"no_proxy": "a.example"}, options: network.Proxies{HTTP: "http://p", NoProxy: []string{}}, want: map[string]string{plain: "http://p"}},
		"exceptions from the environment's": {env: map[string]string{"http_proxy": "http://e"}, options: network.Proxies{NoProxy: []string{"a.example"}}, want: map[string]string{plain: "", other: "http://e"}},
		"all":                               {options: network.Proxies{HTTP: "http://p", NoProxy: []string{"*"}}, want: map[string]string{plain: ""}},
		"loopback":                          {options: network.Proxies{HTTP: "http://p"}, want: map[string]string{"http://localhost:1": "", "http://127.0.0.9": "", "https://[::1]": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			for k, v := range test.env {
				t.Setenv(k, v)
			}
			n, err := network.New(network.Options{Proxies: test.options})
			if err != nil {
				t.Fatal(err)
			}
			t.Setenv("HTTP_PROXY", "http://later") // as it was, not as it is
			got := map[string]string{}
			for address := range test.want {
				u, err := url.Parse(address)
				if err != nil {
					t.Fatal(err)
				}
				proxy, err := n.Proxy(u)
				if err != nil {
					t.Fatal(err)
				}
				if got[address] = ""; proxy != nil {
					got[address] = proxy.String()
				}
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestWrongOptions: nothing that is wrong is passed over, and no password is repeated.
func TestWrongOptions(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(empty, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]network.Options{
		"cannot use http_proxy: its address is no URL":          {Proxies: network.Proxies{HTTP: "::s3cret"}},
		"cannot use slipway.https_proxy: its address is no URL": {Proxies: network.Proxies{HTTPS: "http://me:s3cret@/"}},
		"it has no PEM certificate":                             {CABundle: empty},
		"cannot read the CA bundle":                             {CABundle: empty + "x"},
	} {
		_, err := network.New(o)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// TestVariables are what RUN steps, image tests and git are told.
func TestVariables(t *testing.T) {
	bare(t)
	const loopback = "localhost,127.0.0.0/8,127.0.0.1,::1"
	for _, test := range []struct {
		p                network.Proxies
		run, tests, gits string // http_proxy, https_proxy, no_proxy
	}{
		{p: network.Proxies{}},
		{network.Proxies{HTTP: "p"}, "p p ", "p p " + loopback, "p p outer," + loopback},
		{network.Proxies{HTTPS: "s"}, " s ", " s " + loopback, " s outer," + loopback},
		{network.Proxies{HTTP: "p", HTTPS: "s", NoProxy: []string{"a", "b"}}, "p s a,b", "p s a,b," + loopback, "p s a,b," + loopback},
		{network.Proxies{HTTP: "p", NoProxy: []string{}}, "p p ", "p p " + loopback, "p p " + loopback},
		{network.Proxies{NoProxy: []string{"a"}}, "  a", "  a", "  a"},
	} {
		t.Setenv("NO_PROXY", "outer")
		n, err := network.New(network.Options{Proxies: test.p})
		if err != nil {
			t.Fatal(err)
		}
		for what, pair := range map[string][2]any{
			"RUN": {test.run, test.p.Variables()}, "tests": {test.tests, test.p.Here("")}, "git": {test.gits, n.Git()},
		} {
			want := map[string]string{}
			if values := strings.Split(pair[0].(string), " "); len(values) == 3 {
				for i, name := range []string{"http_proxy", "https_proxy", "no_proxy"} {
					if values[i] != "" {
						want[name], want[strings.ToUpper(name)] = values[i], values[i]
					}
				}
			}
			if got := pair[1].(map[string]string); !maps.Equal(got, want) {
				t.Errorf("%s of %+v: got %v, want %v", what, test.p, got, want)
			}
		}
	}
}

func TestSecrets(t *testing.T) {
	bare(t)
	t.Setenv("HTTP_PROXY", "http://me:fr%40m@env")
	n, err := network.New(network.Options{Proxies: network.Proxies{HTTPS: "you:secret@p"}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"fr@m", "me:fr%40m", "secret", "you:secret"}, n.Secrets()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
