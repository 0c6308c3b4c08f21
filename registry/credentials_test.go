package registry_test

import (
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

var update = flag.Bool("update", false, "write the table of docs/registries.md")

// The sources of credentials. Each has users of its own: the paths of auths have two.
const (
	ofConfiguration = "the configuration, of `registry: HOST/team`"
	ofPaths         = "`auths` with paths, `HOST/team` and `HOST/other`"
	ofHelper        = "a helper, of `credHelpers` or `credsStore`"
	ofLogin         = "`docker login` in the file"
)

var (
	allSources   = []string{ofConfiguration, ofPaths, ofHelper, ofLogin}
	repositories = []string{"team/app", "team-b/app", "other/deep/app", "app"}
	shortSource  = map[string]string{"configuration": "configuration", "helper": "helper", "login": "login", "path-team": "`HOST/team`", "path-other": "`HOST/other`"}
)

// keep writes a config.json, and the helper, of some sources. DOCKER_CONFIG names its folder already.
func keep(t *testing.T, dir, host string, sources []string) registry.Options {
	t.Helper()
	o, auths, file := registry.Options{}, map[string]any{}, map[string]any{}
	entry := func(user string) any {
		return map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte(user + ":" + registrytest.PasswordOf(user)))}
	}
	for _, s := range sources {
		switch s {
		case ofConfiguration:
			o.Registry, o.Namespace, o.Username, o.Password = host, "team", "configuration", registrytest.PasswordOf("configuration")
		case ofPaths:
			auths[host+"/team"], auths[host+"/other"] = entry("path-team"), entry("path-other")
		case ofLogin:
			auths[host] = entry("login")
		case ofHelper:
			file["credHelpers"] = map[string]string{host: "test"}
			helper := fmt.Sprintf("#!/bin/sh\nread -r host\nprintf '{\"ServerURL\":\"%%s\",\"Username\":\"helper\",\"Secret\":%q}' \"$host\"\n", registrytest.PasswordOf("helper"))
			must(t, os.WriteFile(filepath.Join(dir, "docker-credential-test"), []byte(helper), 0o700))
		}
	}
	file["auths"] = auths
	data, err := json.Marshal(file)
	must(t, err)
	must(t, os.WriteFile(filepath.Join(dir, "config.json"), data, 0o600))
	return o
}

// visit does all that is done with a repository: it is pushed to, with the others as siblings, looked at,
// listed, pulled from, and fetched from as BuildKit does.
func visit(t *testing.T, c *registry.Client, host, repository string) error {
	t.Helper()
	ref, from := host+"/"+repository+":1", registrytest.NewBlobs()
	image := from.Image(t, 1, 10, 300<<10)
	var o registry.PushOptions
	for _, other := range repositories {
		o.Siblings = append(o.Siblings, host+"/"+other)
	}
	if _, err := c.Push(t.Context(), image, from, o, ref); err != nil {
		return err
	}
	if _, err := c.Tags(t.Context(), host+"/"+repository); err != nil {
		return err
	}
	if _, err := c.Pull(t.Context(), ref, registry.PullOptions{}, registrytest.NewBlobs()); err != nil {
		return err
	}
	hosts, err := c.Hosts(host)
	must(t, err)
	req, err := http.NewRequestWithContext(t.Context(), "GET", "https://"+hosts[0].Host+"/v2/"+repository+"/manifests/1", nil)
	must(t, err)
	resp, err := hosts[0].Client.Do(req)
	if err != nil {
		return err
	}
	resp.Body.Close()
	if resp.StatusCode != 200 {
		return fmt.Errorf("BuildKit is answered %s", resp.Status)
	}
	return nil
}

// who collects the users that were seen for each repository.
func who(visits []registrytest.Visit) map[string][]string {
	users := map[string][]string{}
	for _, v := range visits {
		if !slices.Contains(users[v.Repository], v.User) {
			users[v.Repository] = append(users[v.Repository], v.User)
		}
	}
	return users
}

// TestWhichCredentials records every Authorization header that a registry and a token server see, with each
// source alone and with each pair. What they saw is the table of docs/registries.md.
func TestWhichCredentials(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	t.Setenv("DOCKER_AUTH_CONFIG", "")
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	table := "| kept are | `HOST/" + strings.Join(repositories, "` | `HOST/") + "` |\n|---" + strings.Repeat("|---", len(repositories)) + "|\n"
	for i := range allSources {
		for _, second := range append([]string{""}, allSources[i+1:]...) {
			sources, title := []string{allSources[i]}, allSources[i]
			if second != "" {
				sources, title = append(sources, second), title+"; "+second
			}
			basic := sent(t, dir, sources, false)
			if tokens := sent(t, dir, sources, true); !slices.Equal(tokens, basic) {
				t.Errorf("%s: a token server saw %q, a registry %q", title, tokens, basic)
			}
			table += "| " + title + " | " + strings.Join(basic, " | ") + " |\n"
		}
	}
	const begin, end, path = "<!-- credentials: go test ./registry -update -->\n", "<!-- end -->", "../docs/registries.md"
	data, err := os.ReadFile(path)
	must(t, err)
	before, rest, ok1 := strings.Cut(string(data), begin)
	old, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("%s has no place for the table", path)
	}
	if *update {
		must(t, os.WriteFile(path, []byte(before+begin+table+end+after), 0o644))
	} else if old != table {
		t.Errorf("%s has another table:\n%s\nwas seen", path, table)
	}
}

// sent says whose password went along for each repository, on one client for all: nothing may be left of one
// for the next.
func sent(t *testing.T, dir string, sources []string, tokens bool) (cells []string) {
	t.Helper()
	server := registrytest.NewWitness(t, tokens)
	c := client(t, keep(t, dir, server.Addr, sources))
	refused := map[string]bool{}
	for _, repository := range repositories {
		refused[repository] = visit(t, c, server.Addr, repository) != nil
	}
	alike := [][]string{{"team/app", "team/one", "team/two"}, {"other/deep/app", "other/one", "other/two"}, {"app", "one", "two"}}
	var good []string // one token may be for several; the first that is refused ends the others
	for _, names := range alike {
		refs := []string{server.Addr + "/" + names[1] + ":1", server.Addr + "/" + names[2] + ":1"}
		if good = append(good, refs...); refused[names[0]] {
			good = good[:len(good)-len(refs)]
			_, _ = c.Digests(t.Context(), refs)
		}
	}
	_, err := c.Digests(t.Context(), good)
	must(t, err)
	seen := who(server.Visits())
	for _, repository := range repositories {
		users := seen[repository]
		switch {
		case len(users) == 1 && shortSource[users[0]] != "" && !refused[repository]:
			cells = append(cells, shortSource[users[0]])
		case refused[repository] && (len(users) == 0 || tokens && slices.Equal(users, []string{"?"})):
			cells = append(cells, "none")
		default:
			t.Errorf("%q, tokens %v: for %s came %q, refused %v", sources, tokens, repository, users, refused[repository])
		}
	}
	for _, like := range alike {
		for _, name := range like[1:] {
			if !slices.Equal(seen[name], seen[like[0]]) {
				t.Errorf("%q, tokens %v: for %s came %q, for %s %q", sources, tokens, like[0], seen[like[0]], name, seen[name])
			}
		}
	}
	return cells
}

// TestLongestPath: keys of auths as people and tools write them, and DOCKER_AUTH_CONFIG.
func TestLongestPath(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	server := registrytest.NewWitness(t, false)
	auth := func(user string) string {
		return base64.StdEncoding.EncodeToString([]byte(user + ":" + registrytest.PasswordOf(user)))
	}
	for name, c := range map[string]struct {
		auths, given []string          // keys, whose users are "file N" and "variable N"
		users        map[string]string // by repository; "" for nobody
	}{
		"longest":       {[]string{"HOST", "HOST/a", "HOST/a/b"}, nil, map[string]string{"a/b/c": "file2", "a/b": "file2", "a/bc": "file1", "a/x": "file1", "ab": "file0"}},
		"siblings":      {[]string{"HOST/a", "HOST/b"}, nil, map[string]string{"a/x": "file0", "b/x": "file1", "c/x": "", "ax/y": ""}},
		"addresses":     {[]string{"https://HOST/v1/", "https://HOST/a/", "http://HOST/b"}, nil, map[string]string{"x": "file0", "a/x": "file1", "b/x": "file2"}},
		"versions":      {[]string{"https://HOST/v2"}, nil, map[string]string{"x/y": "file0"}},
		"a name v2":     {[]string{"HOST/v2"}, nil, map[string]string{"v2/y": "file0", "x/y": ""}},
		"plain first":   {[]string{"https://HOST/v1/", "HOST", "http://HOST/"}, nil, map[string]string{"x": "file1"}},
		"other port":    {[]string{"127.0.0.1", "127.0.0.1/a"}, nil, map[string]string{"a/x": ""}},
		"the variable":  {[]string{"HOST", "HOST/a", "HOST/b/c"}, []string{"HOST", "HOST/a", "HOST/b"}, map[string]string{"x": "variable0", "a/x": "variable1", "b/x": "variable2", "b/c/x": "file2"}},
		"variable only": {nil, []string{"HOST/a"}, map[string]string{"a/x": "variable0", "b/x": ""}},
	} {
		entries := func(prefix string, keys []string) string {
			all := map[string]map[string]string{}
			for i, key := range keys {
				all[strings.Replace(key, "HOST", server.Addr, 1)] = map[string]string{"auth": auth(fmt.Sprint(prefix, i))}
			}
			data, err := json.Marshal(map[string]any{"auths": all})
			must(t, err)
			return string(data)
		}
		must(t, os.WriteFile(filepath.Join(dir, "config.json"), []byte(entries("file", c.auths)), 0o600))
		t.Setenv("DOCKER_AUTH_CONFIG", entries("variable", c.given))
		for repository, want := range c.users {
			_, err := client(t, registry.Options{}).Digests(t.Context(), []string{server.Addr + "/" + repository + ":1"})
			var users []string
			if users = who(server.Visits())[repository]; want == "" && len(users) == 0 && err != nil {
				continue
			}
			if want == "" || !slices.Equal(users, []string{want}) || err != nil {
				t.Errorf("%s: for %s came %q, want %q: %v", name, repository, users, want, err)
			}
		}
	}
}
