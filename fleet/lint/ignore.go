package lint

import (
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/pattern"
	"github.com/slipway-build/slipway/problem"
)

// ignoreKey is the key of the configuration that lists rules to leave out.
const ignoreKey = "lint_ignore"

// ignoreComment is in a line of its own above the finding's line, or in that line:
// "slipway-lint: ignore RULE, RULE and why", or with = behind ignore. What surrounds it makes it a
// comment in its file.
var ignoreComment = pattern.New(`slipway-lint:\s*ignore(?:\s*=\s*|\s+)([\w-]+(?:\s*,\s*[\w-]+)*)(.*)`)

// Suppression says why a finding is left out. The words for By are SARIF's.
type Suppression struct {
	By  string // "inSource" for a comment, "external" for the configuration
	Why string // what the comment says behind the rules, or the item of the configuration
}

const (
	byComment = "inSource"
	byConfig  = "external"
)

// Suppressed is a finding that is left out.
type Suppressed struct {
	Finding
	Suppression
}

// ignore returns a function that says whether a finding is to be left out, and why. A comment counts
// at the finding's line, and where that was included or called. The error names what is wrong with
// the configuration's list.
func (l *linter) ignore() (func(Finding) *Suppression, error) {
	list, err := l.ignoreList()
	if err != nil {
		return nil, err
	}
	files := map[string][]string{}
	look := func(file string, line int, rule string) *Suppression {
		if line == 0 {
			return nil
		}
		if _, read := files[file]; !read {
			files[file] = l.readShown(file)
		}
		return commented(files[file], line, rule)
	}
	return func(f Finding) *Suppression {
		rel, inside := l.below(f.File)
		if !inside {
			rel = f.File
		}
		for _, item := range list {
			if item.rule == f.Rule && (item.glob == "" || fleet.Match(item.glob, rel)) {
				return &Suppression{By: byConfig, Why: strings.TrimSpace(ignoreKey + ": " + item.rule + " " + item.glob)}
			}
		}
		s := look(f.File, f.Line, f.Rule)
		for via := f.via; s == nil && via != nil; via = via.Via {
			s = look(via.Path, via.Line, f.Rule)
		}
		return s
	}, nil
}

// below returns a shown path as one below the fleet's folder, if it is.
func (l *linter) below(shown string) (rel string, inside bool) {
	top := l.fleet.Shown()
	switch {
	case top == ".":
		return shown, !path.IsAbs(shown) && !strings.HasPrefix(shown, "../")
	case shown == top:
		return ".", true
	}
	return strings.CutPrefix(shown, strings.TrimSuffix(top, "/")+"/")
}

// mostRead is the number of bytes of a template, as the template engine has it.
const mostRead = 4 << 20

// readShown returns the lines of a file of the fleet, or of a template from template_paths; none when
// it cannot be read.
func (l *linter) readShown(shown string) []string {
	if rel, inside := l.below(shown); inside {
		return read(l.root, rel)
	}
	file, err := os.Open(filepath.FromSlash(shown))
	if err != nil {
		return nil
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, mostRead))
	if err != nil {
		return nil
	}
	return strings.Split(string(data), "\n")
}

// commented looks at a line and at the comments right above it.
func commented(lines []string, line int, rule string) *Suppression {
	for n := line; n > 0 && n <= len(lines); n-- {
		text := lines[n-1]
		m := ignoreComment.FindStringSubmatch(text)
		if m != nil && (n == line || onlyComment(text)) {
			for _, named := range strings.Split(m[1], ",") {
				if strings.TrimSpace(named) == rule {
					return &Suppression{By: byComment, Why: justification(m[2])}
				}
			}
		}
		if n < line && (m == nil || !onlyComment(text)) {
			return nil
		}
	}
	return nil
}

// justification is what a comment says behind its rules, without the comment's end.
func justification(text string) string {
	text, _, _ = strings.Cut(text, "#}")
	return strings.Trim(text, " \t:-+")
}

// onlyComment reports whether a line has nothing but a comment.
func onlyComment(line string) bool {
	line = strings.TrimSpace(line)
	return strings.HasPrefix(line, "#") || strings.HasPrefix(line, "{#")
}

type ignoreItem struct{ rule, glob string }

// ignoreList reads the configuration's list: "RULE", or "RULE GLOB" with a pattern for the file's
// path below the fleet's folder.
func (l *linter) ignoreList() ([]ignoreItem, error) {
	value := l.Config.LintIgnore
	if value == nil {
		return nil, nil
	}
	list, ok := value.([]any)
	if !ok {
		return nil, fmt.Errorf("cannot use %s of the configuration: it is not a list", ignoreKey)
	}
	var items []ignoreItem
	for i, entry := range list {
		text, ok := entry.(string)
		rule, glob, _ := strings.Cut(strings.TrimSpace(text), " ")
		if !ok || rule == "" {
			return nil, problem.With(fmt.Errorf("cannot use %s of the configuration: entry %d is not the name of a rule", ignoreKey, i+1), "write RULE or RULE PATTERN")
		}
		if _, known := byID[rule]; !known {
			return nil, problem.With(fmt.Errorf("cannot use %s of the configuration: there is no rule %s", ignoreKey, config.Clip(rule)), "docs/lint.md lists the rules")
		}
		items = append(items, ignoreItem{rule, strings.TrimSpace(glob)})
	}
	return items, nil
}

// unknownRules finds comments that ignore what does not exist, in the files of definitions and in
// the templates they take in.
func (l *linter) unknownRules() []Finding {
	var findings []Finding
	seen := map[string]bool{}
	for _, img := range l.fleet.Images {
		files := slices.Clone(img.Templates)
		for _, name := range []string{templateFile, buildFile, changelogFile, "control", l.fleet.Recipe(img).Dockerfile.File} {
			files = append(files, l.fleet.Path(img, name))
		}
		for _, file := range files {
			if !seen[file] {
				seen[file] = true
				findings = append(findings, unknownIn(file, l.readShown(file))...)
			}
		}
	}
	return findings
}

func unknownIn(file string, lines []string) []Finding {
	var findings []Finding
	for i, line := range lines {
		m := ignoreComment.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		for _, rule := range strings.Split(m[1], ",") {
			if rule = strings.TrimSpace(rule); byID[rule].ID == "" {
				findings = append(findings, Finding{
					Rule: unknownRule, Severity: byID[unknownRule].Severity, File: file, Line: i + 1,
					Text: fmt.Sprintf("there is no rule %s to ignore", rule), Hint: "docs/lint.md lists the rules",
				})
			}
		}
	}
	return findings
}
