package cli_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/internal/enginetest"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// played is a fleet of two images, and a registry that plays another.
type played struct {
	*chain
	manner registrytest.Manner
	server *registrytest.Server // behind it
	front  *registrytest.Played
}

// playedKeys are the keys that the registry needs.
var playedKeys = map[registrytest.Manner]string{registrytest.Mute: "absent_is_403: true", registrytest.Old: "media_types: docker"}

// configured writes the configuration, with the registry's key or without.
func (p *played) configured(key bool) {
	own := ""
	if key && playedKeys[p.manner] != "" {
		own = "slipway: {" + playedKeys[p.manner] + "}\n"
	}
	p.configure("registry: %s\nnamespace: p\nusername: ann\npassword: %s\nregistry_trust: 0\n%s", p.front.Addr, registrytest.PasswordOf("ann"), own)
}

// ends runs the program and says what is not as it should be; nothing that writes may have been refused.
func (p *played) ends(what string, code int, sent []string, r ran) {
	p.t.Helper()
	if r.code != code || !slices.Equal(r.sent, sent) {
		p.t.Errorf("%s: sent %q, %s", what, r.sent, r)
	}
	for _, request := range p.front.Refused() {
		if !strings.HasPrefix(request, "GET ") && !strings.HasPrefix(request, "HEAD ") {
			p.t.Errorf("%s: the registry refuses %s", what, request)
		}
	}
}

// TestPlayed: registries as issues describe them. A fleet is published for the first time, nothing happens in a
// second run and on another machine, a new version is published, and a tag of somebody else stays what it was.
func TestPlayed(t *testing.T) {
	enginetest.Need(t)
	for _, manner := range registrytest.Manners {
		t.Run(string(manner), func(t *testing.T) {
			t.Parallel()
			server := registrytest.Start(t, registrytest.Config{})
			p := &played{chain: newLevels(t), manner: manner, server: server, front: registrytest.Play(t, server, manner)}
			for _, n := range []string{"tool", "app"} {
				if err := os.RemoveAll(filepath.Join(p.dir, "fleet", n)); err != nil {
					t.Fatal(err)
				}
			}
			p.names = []string{"base", "lib"}
			p.version(1, 100)
			p.withoutKey()
			p.configured(true)
			p.first()
			p.bump()
			p.prune()
			p.foreign()
		})
	}
}

// withoutKey: the message names the key that the registry needs, and no tag is set.
func (p *played) withoutKey() {
	key, _, needed := strings.Cut(playedKeys[p.manner], ":")
	if !needed {
		return
	}
	p.configured(false)
	r := p.run("build", "fleet")
	p.front.Refused()
	if r.code != 1 || len(r.sent) > 0 || !strings.Contains(r.err, "slipway."+key) {
		p.t.Errorf("without the key: %s", r)
	}
	if tags, err := newReader(p.t, p.server, "", "").tags(p.t.Context(), "base"); len(tags) > 0 || err != nil {
		p.t.Errorf("without the key: tags %q, %v", tags, err)
	}
}

func (p *played) first() {
	plan := p.run("plan", "fleet")
	says := strings.Contains(plan.out, "not readable: absent, or not ours")
	if want := p.manner == registrytest.Artifactory || p.manner == registrytest.ECR; plan.code != 0 || says != want {
		p.t.Errorf("first plan: %s", plan)
	}
	p.ends("first", 0, []string{"base", "lib"}, p.run("build", "fleet"))
	p.ends("second", 0, nil, p.run("build", "fleet"))
	second := p.run("plan", "fleet")
	if strings.Count(second.out, "published") != 4 { // as action and as reason, of both
		p.t.Errorf("second plan: %s", second)
	}
	p.ends("another machine", 0, nil, p.end(p.elsewhere("build", "fleet")))
	p.is([]string{"1"}, "1")
}

func (p *played) bump() {
	p.version(2, 100)
	p.ends("version 2", 0, []string{"base", "lib"}, p.run("build", "fleet"))
	p.is([]string{"1", "2"}, "2")
	if p.manner == registrytest.Old {
		img, err := newReader(p.t, p.server, "", "").image(p.t.Context(), "lib:2")
		if err != nil {
			p.t.Fatal(err)
		}
		if m, err := img.RawManifest(); err != nil || strings.Contains(string(m), "vnd.oci") {
			p.t.Errorf("%s %v", m, err)
		}
		// A single image that the store has with OCI's types.
		p.ends("local", 0, nil, p.run("build", "--local", "--force", "--select", "*base*", "fleet"))
		p.ends("push", 0, nil, p.run("push", "--force", p.front.Addr+"/p/base:2"))
		p.configured(false) // what is published stays as it is, and is no other image
		p.ends("push of the same with other types", 0, nil, p.run("push", p.front.Addr+"/p/base:2"))
		p.configured(true)
	}
}

// prune deletes the old version, and sees that it is gone. Where no tags are listed there is none to delete, and the
// tokens of the played Quay know no right for it.
func (p *played) prune() {
	if slices.Contains([]registrytest.Manner{registrytest.Mute, registrytest.Harbor, registrytest.Quay}, p.manner) {
		return
	}
	p.ends("prune", 0, nil, p.run("prune", "--registry", "--keep", "1", "fleet"))
	p.is([]string{"2"}, "2")
}

// is compares what the registry behind has.
func (p *played) is(versions []string, latest string) {
	p.t.Helper()
	has, now := newReader(p.t, p.server, "", "").fleet(p.t, p.chain)
	for _, n := range p.names {
		if !slices.Equal(has[n], versions) || now[n] != latest {
			p.t.Errorf("%s has the tags %q, and latest is %s", n, has[n], now[n])
		}
	}
}

// foreign: version 3 of lib is there already, of somebody else. Where registries have rights for it, it may not
// be read.
func (p *played) foreign() {
	repository := p.server.Addr + "/p/lib"
	if err := publish(p.t.Context(), registry.Options{}, repository, "3=77"); err != nil {
		p.t.Fatal(err)
	}
	if p.manner != registrytest.Quay { // whose rights are for repositories
		p.front.Hide("p/lib", "3")
	}
	was := p.digest("lib:3")
	p.version(3, 100)
	p.configured(p.manner == registrytest.Old) // who says that what may not be read is absent is taken at their word
	r := p.run("build", "fleet")
	code, sent := 1, []string{"base"}
	switch p.manner {
	case registrytest.Quay:
		code = 0 // another program published it, and its version is trusted
	case registrytest.Mute:
		sent = nil // it may all be somebody else's
	}
	p.ends("foreign tag", code, sent, r)
	if now := p.digest("lib:3"); now != was {
		p.t.Errorf("somebody else's tag was %s, and is %s: %s", was, now, r)
	}
	if code == 1 && !strings.Contains(r.err, "lib:3") {
		p.t.Errorf("foreign tag: %s", r)
	}
	if p.manner != registrytest.Artifactory {
		return
	}
	p.ends("forced", 0, []string{"lib"}, p.run("build", "--force", "--select", "*lib*", "fleet"))
	if p.digest("lib:3") == was {
		p.t.Error("forced: it was not replaced")
	}
}

func (p *played) digest(image string) string {
	p.t.Helper()
	client, err := registry.New(registry.Options{})
	if err != nil {
		p.t.Fatal(err)
	}
	defer client.Close()
	ref := p.server.Addr + "/p/" + image
	found, err := client.Digests(p.t.Context(), []string{ref})
	if err != nil || found[ref] == "" {
		p.t.Fatal(found, err)
	}
	return string(found[ref])
}
