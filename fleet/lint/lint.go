// Package lint judges the definitions of a fleet without building them: what will break, what will
// bite later, and what is merely untidy, each with its file, its line and a way out.
package lint

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/template"
)

// Options say what Run looks at and with what.
type Options struct {
	fleet.ScanOptions
	// ReadDockerfile knows more than ParseDockerfile, and takes longer. Both come from the room of the engine,
	// as only that may import BuildKit. It is called by several goroutines at once.
	ReadDockerfile func(data []byte, args map[string]string, target string, bases Bases) (Dockerfile, error)
	// Given tells whether a build of the image is given what a step asks for; nil gives all.
	Given func(*fleet.Image, fleet.SecretUse) bool
}

// Finding is one thing that is wrong at one place.
type Finding struct {
	Rule     string   `json:"rule"`
	Severity Severity `json:"severity"`
	File     string   `json:"file"` // as the user named the folder, and below it
	Line     int      `json:"line"` // from one; 0 when the whole file or folder is meant
	Rendered int      `json:"rendered,omitempty"`
	Text     string   `json:"text"`
	Hint     string   `json:"hint,omitempty"`

	via *template.Place // what led to the line, outwards; nil in the image's own template
}

// same reports whether two findings say the same; where images share a template they do.
func (f Finding) same(other Finding) bool {
	f.via, other.via = nil, nil
	return f == other
}

// Report is what Run found.
type Report struct {
	Findings    []Finding // sorted by file, line, rule and text
	Definitions int       // folders that were looked at
	// Suppressed are findings that comments or the configuration told to leave out, in the same order.
	Suppressed []Suppressed
}

// Count returns the number of findings of a severity.
func (r *Report) Count(s Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// Run judges all definitions of a fleet. The error means that none could be judged; what is
// wrong with definitions is a finding. The result does not depend on how many run at a time.
func Run(ctx context.Context, o Options) (*Report, error) {
	survey, err := fleet.Inspect(ctx, o.ScanOptions)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(survey.Fleet.Root)
	if err != nil {
		return nil, fmt.Errorf("cannot open the fleet's folder: %w", err)
	}
	defer root.Close()
	l := &linter{Options: o, survey: survey, fleet: survey.Fleet, root: root, observed: map[*fleet.Image][]fleet.Observation{}}
	l.bases = newBases(l)
	for _, o := range survey.Observations {
		l.observed[o.Image] = append(l.observed[o.Image], o)
	}
	results := make([][]Finding, len(l.fleet.Images))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, o.Config.ScanWorkers))
	for i, img := range l.fleet.Images {
		group.Go(func() error {
			if ctx.Err() != nil {
				return fmt.Errorf("cannot judge %s: %w", survey.Fleet.Shown(), context.Cause(ctx))
			}
			results[i] = l.image(img)
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return l.report(slices.Concat(results...))
}

// linter is one Run on its way. It is safe for concurrent use.
type linter struct {
	Options
	survey *fleet.Survey
	fleet  *fleet.Fleet
	root   *os.Root
	bases  *bases
	// observed is what the scan saw of each image; what concerns none of them is at nil.
	observed map[*fleet.Image][]fleet.Observation
}

// report adds what the scan saw, leaves out what is to be ignored, and sorts.
func (l *linter) report(findings []Finding) (*Report, error) {
	for _, o := range l.observed[nil] {
		findings = append(findings, newFinding(o))
	}
	for _, p := range l.fleet.UnreadableGit() {
		findings = append(findings, newFinding(fleet.Observation{Problem: p}))
	}
	ignore, err := l.ignore()
	if err != nil {
		return nil, err
	}
	findings = append(findings, l.unknownRules()...)
	r := &Report{Findings: make([]Finding, 0, len(findings)), Definitions: l.survey.Definitions}
	for _, f := range findings {
		if s := ignore(f); s != nil {
			r.Suppressed = append(r.Suppressed, Suppressed{f, *s})
		} else {
			r.Findings = append(r.Findings, f)
		}
	}
	r.tidy()
	return r, nil
}

// tidy sorts, and leaves of equal findings one. What one image suppresses in a shared template and
// another does not is not suppressed.
func (r *Report) tidy() {
	slices.SortFunc(r.Findings, Finding.compare)
	r.Findings = slices.CompactFunc(r.Findings, Finding.same)
	slices.SortStableFunc(r.Suppressed, func(a, b Suppressed) int { return a.compare(b.Finding) })
	r.Suppressed = slices.CompactFunc(r.Suppressed, func(a, b Suppressed) bool { return a.same(b.Finding) })
	r.Suppressed = slices.DeleteFunc(r.Suppressed, func(s Suppressed) bool {
		i, found := slices.BinarySearchFunc(r.Findings, s.Finding, Finding.compare)
		return found && r.Findings[i].same(s.Finding)
	})
}

func (f Finding) compare(other Finding) int {
	return cmp.Or(cmp.Compare(f.File, other.File), cmp.Compare(f.Line, other.Line), cmp.Compare(f.Rendered, other.Rendered),
		cmp.Compare(f.Rule, other.Rule), cmp.Compare(f.Text, other.Text))
}

// newFinding makes a finding of what the scan saw. What fails fails, whatever its rule says of other
// cases; what is in a branch that was not taken may never be.
func newFinding(o fleet.Observation) Finding {
	f := Finding{
		Rule: string(o.Kind), Severity: byID[string(o.Kind)].Severity,
		File: o.Path, Line: o.Line, Rendered: o.Rendered, Text: o.Text, Hint: o.Hint, via: o.Via,
	}
	switch {
	case o.Fails:
		f.Severity = Error
	case o.Untaken:
		f.Severity = Warning
	}
	return f
}

// check collects the findings of one image.
type check struct {
	*linter
	img      *fleet.Image
	recipe   fleet.Recipe
	files    fleet.Source
	root     *os.Root // of the files
	findings []Finding
	tree     *buildcontext.Tree // nil when there is something wrong with it
}

func (l *linter) image(img *fleet.Image) []Finding {
	c := &check{linter: l, img: img, recipe: l.fleet.Recipe(img), files: img.Definition.Source(), root: l.root}
	for _, o := range l.observed[img] {
		c.findings = append(c.findings, newFinding(o))
	}
	if c.files.Root != l.fleet.Root {
		root, err := os.OpenRoot(c.files.Root)
		if err != nil {
			return c.findings // the scan said why, or nobody has fetched them
		}
		defer root.Close()
		c.root = root
	}
	c.context()
	if img.File == c.fleet.Path(img, changelogFile) {
		c.changelog()
	}
	c.dockerfile(c.recipe.Dockerfile)
	if c.recipe.Artifacts.File != "" {
		c.dockerfile(c.recipe.Artifacts)
	}
	c.secrets()
	c.dependencies()
	c.test()
	c.pointers()
	return worst(c.findings)
}

// maxFindings is how many findings of one image are told: nobody reads more, and each takes a hundred times
// the bytes that cause it.
const maxFindings = 1000

// worst are the worst of the findings where they are too many, and one that says how many more there are.
func worst(findings []Finding) []Finding {
	if len(findings) <= maxFindings {
		return findings
	}
	findings = slices.Clone(findings)
	slices.SortStableFunc(findings, func(a, b Finding) int {
		switch {
		case a.Severity == b.Severity:
			return a.compare(b)
		case a.Severity.AtLeast(b.Severity):
			return -1
		}
		return 1
	})
	more := &findings[maxFindings-1]
	more.Text, more.Hint = fmt.Sprintf("%d more findings of the image are not told", len(findings)-maxFindings+1), "mend those that are, the worst come first"
	return findings[:maxFindings]
}

const (
	templateFile  = "Dockerfile.template"
	buildFile     = "Dockerfile.build.template"
	changelogFile = "changelog"
)

// add adds a finding about a line of a file; the rule says how bad it is.
func (c *check) add(rule, file string, line int, hint, format string, args ...any) {
	c.findings = append(c.findings, Finding{
		Rule: rule, Severity: byID[rule].Severity, File: c.fleet.Path(c.img, file), Line: line,
		Text: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// addRendered adds a finding about a line of the rendered Dockerfile, at the template's line that it
// comes from, where that is known.
func (c *check) addRendered(rule, file string, rendered int, hint, format string, args ...any) {
	c.add(rule, file, 0, hint, format, args...)
	f := &c.findings[len(c.findings)-1]
	if place := c.survey.Place(c.img, file, rendered); place.Line > 0 {
		f.File, f.Line, f.via = place.Path, place.Line, place.Via
	} else {
		f.Rendered = max(rendered, 0)
	}
}
