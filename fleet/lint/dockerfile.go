package lint

import (
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/ref"
)

// Dockerfile is what the checks must know of a rendered Dockerfile. Lines are those of the rendered
// file, from one.
type Dockerfile struct {
	Warnings  []Advice
	Uses      []fleet.Use
	Copies    []Copy
	Variables []Variable
	Result    Base // what another Dockerfile finds when it builds on this one
	// Unused is a *fleet.ParseError about a stage that the image is not made from.
	Unused error
}

// Advice is one warning of BuildKit's linter.
type Advice struct {
	Rule string // BuildKit's name for it
	Text string
	Line int
}

// Copy is one source of a COPY or an ADD, without those that come from stages and images.
type Copy struct {
	Instruction string // "COPY" or "ADD"
	Source      string // as written
	Line        int
	Remote      string // "URL" or "git repository"; empty for a file of the context
	Pinned      bool   // a remote source has a checksum or a commit
	Idle        bool   // it stands in a stage that the image is not made from
}

// Variable is one name of an ARG or an ENV.
type Variable struct {
	Instruction string // "ARG" or "ENV"
	Name, Value string
	Line        int
}

// Base is what an image gives to those that build on it.
type Base struct {
	Env     []string // NAME=value
	Workdir string
	Known   bool        // there is nothing below it of which nothing is known
	OnBuild bool        // it has ONBUILD instructions
	Takes   []fleet.Use // what these take files from
}

// Bases knows the images that a Dockerfile may build on, by the reference after FROM.
type Bases func(ref string) Base

// bases reads each Dockerfile once, those below it first. It is safe for concurrent use.
type bases struct {
	byRef map[string]*fleet.Image
	repos map[string]bool // of the fleet's images, and of the configuration's list, without tags
	read  map[*fleet.Image]func() (Dockerfile, error)
}

func newBases(l *linter) *bases {
	b := &bases{byRef: map[string]*fleet.Image{}, repos: map[string]bool{}, read: map[*fleet.Image]func() (Dockerfile, error){}}
	for _, listed := range l.Config.Builder {
		b.repos[l.Config.Name(listed.Name)] = true
	}
	for _, img := range l.fleet.Images {
		b.repos[l.Config.Name(img.Name)] = true
		b.read[img] = sync.OnceValues(func() (Dockerfile, error) {
			r := l.fleet.Recipe(img)
			return l.ReadDockerfile([]byte(r.Dockerfile.Text), r.Args, r.Target, b.base)
		})
		if l.survey.Ordered { // else looking down might never end
			b.byRef[img.Ref] = img
		}
	}
	return b
}

func (b *bases) base(ref string) Base {
	img := b.byRef[ref]
	if img == nil {
		return Base{}
	}
	d, err := b.read[img]()
	if err != nil {
		return Base{}
	}
	return d.Result
}

// dockerfile judges one rendered Dockerfile.
func (c *check) dockerfile(t fleet.Text) {
	file, text := t.File, t.Text
	if text == "" {
		return // the scan said why
	}
	var d Dockerfile
	var err error
	if file == c.recipe.Dockerfile.File {
		d, err = c.bases.read[c.img]()
	} else {
		d, err = c.ReadDockerfile([]byte(text), nil, "", c.bases.base)
	}
	if err != nil && !d.copiesURL(err) {
		c.unreadable(file, text, err) // what was found up to there counts as well
	}
	if d.Unused != nil && !d.copiesURL(d.Unused) {
		c.addRendered(string(fault.DockerfileSyntax), file, lineOf(d.Unused), "remove the stage, or mend it",
			"cannot build a stage that the image is not made from: %v", d.Unused)
		c.findings[len(c.findings)-1].Severity = Warning
	}
	for _, w := range d.Warnings {
		if _, known := byID[w.Rule]; known {
			c.addRendered(w.Rule, file, w.Line, "", "%s", w.Text)
		}
	}
	for _, u := range d.Uses {
		c.floating(u, file)
	}
	for _, s := range d.Copies {
		before := len(c.findings)
		c.source(s, file)
		for i := range c.findings[before:] {
			if f := &c.findings[before+i]; s.Idle && f.Severity == Error {
				f.Severity = Warning // nobody builds it
			}
		}
	}
	for _, v := range d.Variables {
		if why := config.LooksSecret(v.Name, v.Value); why != "" {
			c.addRendered(secretVariable, file, v.Line,
				"give it to the step that needs it: RUN --mount=type=secret", "%s %s looks like a secret: %s", v.Instruction, v.Name, why)
		}
	}
}

// isURL reports whether it is what only ADD can do.
func (s Copy) isURL() bool { return s.Instruction == "COPY" && strings.Contains(s.Source, "://") }

// copiesURL reports whether an error is about a COPY that has a finding of its own.
func (d Dockerfile) copiesURL(err error) bool {
	e := (*fleet.ParseError)(nil)
	return errors.As(err, &e) && slices.ContainsFunc(d.Copies, func(s Copy) bool { return s.isURL() && s.Line == e.Line })
}

// unreadable reports what the scan's own parser let pass.
func (c *check) unreadable(file, text string, err error) {
	if _, known := c.ParseDockerfile([]byte(text), c.recipe.Args, c.recipe.Target); known != nil {
		return // said already
	}
	c.addRendered(string(fault.DockerfileSyntax), file, lineOf(err), "", "cannot build the rendered Dockerfile: %v", err)
}

func lineOf(err error) int {
	if e := (*fleet.ParseError)(nil); errors.As(err, &e) {
		return e.Line
	}
	return 0
}

// floating looks at images from elsewhere; the scan has looked at the fleet's own.
func (c *check) floating(u fleet.Use, file string) {
	repo, tag, _ := ref.Split(u.Ref)
	if tag != "" && tag != "latest" || strings.HasSuffix(u.Ref, ":") || strings.Contains(u.Ref, "@") || strings.Contains(u.Ref, "$") {
		return
	}
	if c.bases.repos[repo] {
		return
	}
	what := "the tag latest, which moves"
	if tag == "" {
		what = "no tag, which means latest"
	}
	c.addRendered(floatingBase, file, u.Line, "name a version or, better, a digest: "+repo+"@sha256:…",
		"%s uses %s with %s", u.Kind, u.Ref, what)
	for _, base := range append([]string{c.Config.SeedImage}, c.Config.BaseImages...) {
		if base == u.Ref {
			c.findings[len(c.findings)-1].Severity = Note // the configuration asks for it
		}
	}
}

// source looks at one source of COPY or ADD.
func (c *check) source(s Copy, file string) {
	if s.Remote != "" {
		if !s.Pinned {
			hint := "add --checksum=sha256:…"
			if s.Remote != "URL" {
				hint = "name the commit behind the #, or add --checksum=COMMIT"
			}
			c.addRendered(unpinnedAdd, file, s.Line, hint, "ADD fetches the %s %s, which may change at any time", s.Remote, s.Source)
		}
		return
	}
	if s.isURL() {
		c.addRendered(missingSource, file, s.Line, "write ADD --checksum=sha256:… "+s.Source+" …",
			"COPY cannot fetch %s: only ADD takes URLs", s.Source)
		return
	}
	// What has variables or wildcards is for the build to find out.
	name := path.Clean("/" + s.Source)[1:]
	if c.tree == nil || name == "" || name == "Dockerfile" && !c.recipe.Plain || strings.ContainsAny(s.Source, `$*?[\`) {
		return
	}
	if c.recipe.Artifacts.File != "" && file == c.recipe.Dockerfile.File && (name == "build" || strings.HasPrefix(name, "build/")) {
		return // Dockerfile.build.template makes it
	}
	if _, err := c.tree.Stat(name); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return
	}
	if _, err := c.root.Stat(path.Join(c.img.Dir, name)); err == nil {
		c.addRendered(copyIgnored, file, s.Line, "take it out of .dockerignore, or add !"+name+" there",
			"%s takes %s, which .dockerignore leaves out", s.Instruction, s.Source)
		return
	}
	c.addRendered(missingSource, file, s.Line, "sources are looked up in the image's folder",
		"%s takes %s, which is not in %s", s.Instruction, s.Source, c.fleet.Path(c.img, "."))
}
