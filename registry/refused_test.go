package registry_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/digests"
	"github.com/slipway-build/slipway/registry"
	"github.com/slipway-build/slipway/registry/registrytest"
)

// ann are the credentials of who owns the namespace p of a played registry.
func ann(p *registrytest.Played, o registry.Options) registry.Options {
	o.Registry, o.Username, o.Password = p.Addr, "ann", registrytest.PasswordOf("ann")
	return o
}

// TestRefusedOrAbsent: what each manner says of what is there, of what is not, and of the two together.
func TestRefusedOrAbsent(t *testing.T) {
	t.Parallel()
	for _, manner := range registrytest.Manners {
		p := registrytest.Play(t, registrytest.Start(t, registrytest.Config{}), manner)
		c := client(t, ann(p, registry.Options{DockerTypes: true}))
		from := registrytest.NewBlobs()
		image := from.Image(t, 1, 10)
		typed, err := c.Typed(t.Context(), image, from)
		must(t, err)
		last := typed[len(typed)-1].Descriptor
		for dgst, alike := range map[string]bool{image.Digest.String(): true, last.Digest.String(): true, image.Digest.String() + "0": false} {
			if registry.Alike(t.Context(), image, from, dgst) != alike {
				t.Errorf("%s of %s: not %v", dgst, image.Digest, alike)
			}
		}
		there, absent, never := p.Addr+"/p/a:1", p.Addr+"/p/a:2", p.Addr+"/p/b:1"
		_, err = c.Push(t.Context(), last, registry.With(from, typed), registry.PushOptions{}, there)
		must(t, err)
		var want []string
		switch manner {
		case registrytest.Artifactory, registrytest.Mute:
			want = []string{absent, never}
		case registrytest.ECR:
			want = []string{never}
		}
		found, err := c.Digests(t.Context(), []string{there, absent, never})
		refs, rest := registry.SplitUnreadable(err)
		if len(found) != 1 || found[there] != digests.Manifest(last.Digest) || !slices.Equal(refs, want) || rest != nil {
			t.Errorf("%s: found %q, unreadable %q, %v", manner, found, refs, rest)
		}
		if (err == nil) != (want == nil) || err != nil && !errors.Is(err, registry.ErrUnauthorized) {
			t.Errorf("%s: %v", manner, err)
		}
		found, err = client(t, ann(p, registry.Options{AbsentIs403: p.Addr})).Digests(t.Context(), []string{there, absent, never})
		if len(found) != 1 || err != nil {
			t.Errorf("%s, absent_is_403: found %q, %v", manner, found, err)
		}
	}
}

// TestRefusedForGood: who is refused everywhere, and what was there before, is not taken for absent; and a wrong
// password is not tried a hundred times.
func TestRefusedForGood(t *testing.T) {
	t.Parallel()
	server := registrytest.Start(t, registrytest.Config{})
	var refs []string
	for _, manner := range []registrytest.Manner{registrytest.Artifactory, registrytest.Quay} {
		p := registrytest.Play(t, server, manner)
		for i := range 100 {
			refs = append(refs, fmt.Sprintf("%s/p/x%d:1", p.Addr, i))
		}
		for name, o := range map[string]registry.Options{
			"nobody": {}, "wrong": {Registry: p.Addr, Username: "ann", Password: "another"},
		} {
			o.AbsentIs403 = p.Addr
			found, err := client(t, o).Digests(t.Context(), refs[len(refs)-100:])
			unreadable, rest := registry.SplitUnreadable(err)
			if len(found) > 0 || len(unreadable) > 0 || !errors.Is(rest, registry.ErrUnauthorized) {
				t.Errorf("%s, %s: %q, %q, %v", manner, name, found, unreadable, rest)
			}
			if n := len(p.Refused()); n > 0 {
				t.Errorf("%s, %s: was let in, %d requests", manner, name, n)
			}
		}
	}
	p := registrytest.Play(t, server, registrytest.Artifactory)
	m := &memory{entries: map[string]registry.Remembered{}}
	from := registrytest.NewBlobs()
	ref, gone := p.Addr+"/p/seen:1", p.Addr+"/p/seen:2"
	c := client(t, ann(p, registry.Options{Memory: m, AbsentIs403: p.Addr}))
	_, err := c.Push(t.Context(), from.Image(t, 2, 10), from, registry.PushOptions{}, ref)
	must(t, err)
	_, err = c.Digests(t.Context(), []string{ref})
	must(t, err)
	m.entries[gone] = m.entries[ref] // the list says that it is not there any more
	p.Hide("p/seen", "1")
	found, err := c.Digests(t.Context(), []string{ref})
	if _, rest := registry.SplitUnreadable(err); len(found) > 0 || !errors.Is(rest, registry.ErrUnauthorized) {
		t.Errorf("what was seen there: %q, %v", found, err)
	}
	if found, err := c.Digests(t.Context(), []string{gone}); len(found) > 0 || err != nil {
		t.Errorf("what was deleted: %q, %v", found, err)
	}
}

// TestDoubtedTag: a tag that may not be read is set only when nothing stands under it, or when that is wanted.
func TestDoubtedTag(t *testing.T) {
	t.Parallel()
	server := registrytest.Start(t, registrytest.Config{})
	direct := client(t, registry.Options{})
	from := registrytest.NewBlobs()
	mine, theirs := from.Image(t, 1, 10), from.Image(t, 2, 10)
	for i, tt := range []struct {
		manner  registrytest.Manner
		foreign bool
		o       registry.Options
		blind   bool
		text    string // of the error
	}{
		{manner: registrytest.Artifactory},
		{manner: registrytest.Artifactory, foreign: true, text: "the tag 1 is there, but may not be read: DENIED"},
		{manner: registrytest.Artifactory, foreign: true, blind: true},
		{manner: registrytest.Artifactory, foreign: true, o: registry.Options{AbsentIs403: "HOST"}, text: "the tag 1 is there, but may not be read"},
		{manner: registrytest.Mute, text: "it does not tell whether anything stands under the tag 1"},
		{manner: registrytest.Mute, foreign: true, text: "slipway.absent_is_403: true"},
		{manner: registrytest.Mute, blind: true},
		{manner: registrytest.Mute, o: registry.Options{AbsentIs403: "HOST"}},
		{manner: registrytest.Quay},
		{manner: registrytest.Quay, foreign: true, text: "the tag 1 is there, but may not be read"},
		{manner: registrytest.ECR},
		{manner: registrytest.Harbor},
		{manner: registrytest.Harbor, foreign: true, text: "slipway.absent_is_403: true"},
	} {
		p := registrytest.Play(t, server, tt.manner)
		repository := fmt.Sprintf("p/app-%d", i)
		if tt.foreign {
			_, err := direct.Push(t.Context(), theirs, from, registry.PushOptions{}, server.Addr+"/"+repository+":1")
			must(t, err)
			p.Hide(repository, "1")
		}
		if tt.o.AbsentIs403 != "" {
			tt.o.AbsentIs403 = p.Addr
		}
		o := registry.PushOptions{Blind: tt.blind, Replace: func(_, digest string) error { return errors.New("there is " + digest) }}
		if tt.blind {
			o.Replace = func(_, _ string) error { return nil }
		}
		_, err := client(t, ann(p, tt.o)).Push(t.Context(), mine, from, o, p.Addr+"/"+repository+":1")
		if (err == nil) != (tt.text == "") || err != nil && !strings.Contains(strings.ReplaceAll(err.Error(), "Forbidden", "DENIED"), tt.text) {
			t.Errorf("%+v: %v", tt, err)
		}
		want := mine.Digest
		if tt.text != "" {
			want = theirs.Digest
		}
		found, err := direct.Digests(t.Context(), []string{server.Addr + "/" + repository + ":1"})
		must(t, err)
		if now := found[server.Addr+"/"+repository+":1"]; now != digests.Manifest(want.String()) && (tt.foreign || err == nil && tt.text == "") || now != "" && !tt.foreign && tt.text != "" {
			t.Errorf("%+v: the tag is %q, should be %s", tt, now, want)
		}
	}
}

// TestAcceptedForItself: that one login is accepted says nothing of another for the same host.
func TestAcceptedForItself(t *testing.T) {
	p := registrytest.Play(t, registrytest.Start(t, registrytest.Config{}), registrytest.Quay)
	dir := t.TempDir()
	t.Setenv("DOCKER_CONFIG", dir)
	entry := func(password string) string {
		return base64.StdEncoding.EncodeToString([]byte("ann:" + password))
	}
	must(t, os.WriteFile(filepath.Join(dir, "config.json"), fmt.Appendf(nil, `{"auths":{"%[1]s/q":{"auth":%[2]q},"%[1]s/r":{"auth":%[3]q}}}`,
		p.Addr, entry(registrytest.PasswordOf("ann")), entry("wrong")), 0o600))
	c := client(t, registry.Options{})
	_, err := c.Digests(t.Context(), []string{p.Addr + "/q/x:1"}) // none of ann's
	if refs, rest := registry.SplitUnreadable(err); len(refs) != 1 || rest != nil {
		t.Errorf("with the right password: %q, %v", refs, rest)
	}
	_, err = c.Digests(t.Context(), []string{p.Addr + "/r/x:1"})
	if refs, rest := registry.SplitUnreadable(err); len(refs) > 0 || !errors.Is(rest, registry.ErrUnauthorized) {
		t.Errorf("with a wrong password: %q, %v", refs, rest)
	}
}
