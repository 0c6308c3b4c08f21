package dockerfile

import (
	"bytes"
	"context"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/moby/buildkit/client/llb"
	"github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb"
	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerui"
	"github.com/moby/buildkit/solver/pb"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/fleet/lint"
)

// judge turns a Dockerfile into build steps, and keeps what BuildKit says of it on the way.
type judge struct {
	data     []byte
	args     map[string]string
	target   string
	stages   []instructions.Stage
	nodes    []*parser.Node
	known    []bool // by stage: all of what is below it is known
	resolver *resolver
	escape   byte

	mu     sync.Mutex // BuildKit asks for several base images at once, and may warn of them
	advice []lint.Advice
	round  []lint.Advice // of the last way through
	told   map[lint.Advice]bool
	unused error // of a stage that the image is not made from
	config *dockerspec.DockerOCIImageConfig
}

// mostDoubts is how many instructions of one Dockerfile are left out because nobody knows what they find
// in the base image.
const mostDoubts = 20

// all judges all stages. What cannot be built may be a stage that the image is not made from; or an
// instruction may need what an unknown base image has: the others are judged without it.
func (j *judge) all(ctx context.Context) error {
	all := true
	for range mostDoubts {
		err := j.convert(ctx, all)
		line, doubtful := j.doubtful(err)
		switch {
		case err == nil:
			return nil
		case doubtful:
			if !j.leaveOut(line) {
				return nil
			}
		case all:
			all, j.unused = false, newError(err)
		default:
			j.unused = nil
			return err
		}
	}
	return nil
}

func (j *judge) convert(ctx context.Context, all bool) (err error) {
	defer guard(&err)
	j.round = nil
	caps := pb.Caps.CapSet(pb.Caps.All())
	result, err := dockerfile2llb.Dockerfile2LLB(ctx, j.data, dockerfile2llb.ConvertOpt{
		Config:       dockerui.Config{BuildArgs: j.args, Target: j.target},
		MetaResolver: j.resolver, Warn: j.warn, AllStages: all, LLBCaps: &caps,
		SourceMap: llb.NewSourceMap(nil, "Dockerfile", "Dockerfile", j.data),
	})
	if err == nil {
		j.config = &result.Image.Config
	}
	return err
}

func (j *judge) warn(rule, _, _, text string, location []parser.Range) {
	a := lint.Advice{Rule: rule, Text: text, Line: firstLine(location)}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.round = append(j.round, a)
	if !j.told[a] {
		j.told[a] = true
		j.advice = append(j.advice, a)
	}
}

// doubtful tells whether what an unknown base image has can be the cause of an error, and its line: the
// base may set a variable that the instruction uses, or the folder that a target is relative to.
func (j *judge) doubtful(err error) (line int, is bool) {
	var at *parser.LocationError
	if !errors.As(err, &at) || len(at.Locations) == 0 {
		return 0, err != nil && strings.Contains(err.Error(), "lint violation") && !slices.ContainsFunc(j.round, j.certain)
	}
	line = firstLine(at.Locations[0])
	if j.known[stageAt(j.stages, line)] {
		return line, false
	}
	undefined := slices.ContainsFunc(j.round, func(a lint.Advice) bool {
		return a.Rule == linter.RuleUndefinedVar.Name && a.Line == line
	})
	return line, undefined || silence.Match(j.data) || strings.Contains(err.Error(), "invalid mount target")
}

// silence is how a comment tells BuildKit's linter what not to say.
var silence = regexp.MustCompile(`(?im)^\s*#\s*check\s*=`)

// certain tells whether a warning is there whatever an unknown base image has.
func (j *judge) certain(a lint.Advice) bool {
	return a.Rule != linter.RuleInvalidBaseImagePlatform.Name && (a.Rule != linter.RuleUndefinedVar.Name || j.known[stageAt(j.stages, a.Line)])
}

// leaveOut makes a comment of the instruction in a line. It returns false where there is none: what an
// ONBUILD brings is said to be at the FROM.
func (j *judge) leaveOut(line int) bool {
	cmd := commandAt(j.stages, line)
	if cmd == nil {
		return false
	}
	lines := bytes.Split(j.data, []byte("\n"))
	for _, r := range cmd.Location() {
		for n := r.Start.Line; n <= r.End.Line && n <= len(lines); n++ {
			lines[n-1] = []byte("#")
		}
	}
	j.data = bytes.Join(lines, []byte("\n"))
	return true
}

// warnings are those that say something here.
func (j *judge) warnings() []lint.Advice {
	return slices.DeleteFunc(j.advice, func(w lint.Advice) bool {
		switch {
		case slices.Contains(notShown, w.Rule):
			return true
		case w.Rule != linter.RuleUndefinedVar.Name:
			return false
		}
		return !j.certain(w) || j.provided(w)
	})
}

var undefinedName = regexp.MustCompile(`'\$([^']+)'`)

// provided tells whether an instruction says itself what comes in the place of an undefined variable.
func (j *judge) provided(w lint.Advice) bool {
	name := undefinedName.FindStringSubmatch(w.Text)
	cmd := commandAt(j.stages, w.Line)
	if name == nil || cmd == nil {
		return false
	}
	plain := false
	look := func(word string) (string, error) {
		plain = plain || usesPlain(word, name[1], j.escape, true)
		return word, nil
	}
	if c, ok := cmd.(*instructions.RunCommand); ok {
		for _, flag := range j.flags(c) {
			_, _ = look(flag)
		}
	} else if c, ok := cmd.(instructions.SupportsSingleWordExpansion); ok && c.Expand(look) != nil {
		return false // not all words were seen
	}
	if c, ok := cmd.(instructions.SupportsSingleWordExpansionRaw); ok {
		_ = c.ExpandRaw(func(text string) (string, error) {
			plain = plain || usesPlain(text, name[1], '\\', false)
			return text, nil
		})
	}
	return !plain
}

// flags are those of a RUN, the only words of it in which BuildKit knows variables.
func (j *judge) flags(c *instructions.RunCommand) []string {
	for _, node := range j.nodes {
		if node.StartLine == firstLine(c.Location()) {
			return node.Flags
		}
	}
	return nil
}

// usesPlain tells whether a word has a variable in another way than ${X:-word}, ${X-word}, ${X:+word},
// ${X+word}, ${X:?word} or ${X?word}, which are made for those that may not be set.
func usesPlain(word, name string, escape byte, quotes bool) bool {
	double := false
	for i := 0; i < len(word); i++ {
		switch c := word[i]; {
		case c == escape:
			i++
		case c == '"' && quotes:
			double = !double
		case c == '\'' && quotes && !double:
			if end := strings.IndexByte(word[i+1:], '\''); end >= 0 {
				i += end + 1
			}
		case c == '$':
			rest, braced := strings.CutPrefix(word[i+1:], "{")
			rest, is := strings.CutPrefix(rest, name)
			if !is || rest != "" && isNamePart(name[0]) && isNamePart(rest[0]) { // another name
				continue
			}
			if rest = strings.TrimPrefix(rest, ":"); !braced || rest == "" || !strings.ContainsRune("-+?", rune(rest[0])) {
				return true
			}
		}
	}
	return false
}

func isNamePart(c byte) bool {
	return c == '_' || '0' <= c && c <= '9' || 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || c >= 0x80
}

// commandAt is the instruction that begins in a line.
func commandAt(stages []instructions.Stage, line int) instructions.Command {
	for _, s := range stages {
		for _, c := range s.Commands {
			if firstLine(c.Location()) == line {
				return c
			}
		}
	}
	return nil
}
