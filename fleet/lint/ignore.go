package lint

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	"github.com/slipway-build/slipway/fleet"
)

// ignoreKey is the key of the configuration that lists rules to leave out.
const ignoreKey = "lint_ignore"

// ignoreComment is in a line of its own above the finding's line, or in that line:
// "slipway-lint: ignore RULE, RULE and why". What surrounds it makes it a comment in its file.
var ignoreComment = regexp.MustCompile(`slipway-lint:\s*ignore\s+([\w-]+(?:\s*,\s*[\w-]+)*)`)

// ignore returns a function that says whether a finding is to be left out. The error names what is
// wrong with the configuration's list.
func (l *linter) ignore() (func(Finding) bool, error) {
	list, err := l.ignoreList()
	if err != nil {
		return nil, err
	}
	top := l.fleet.Path(&fleet.Image{Dir: "."}, "")
	files := map[string][]string{}
	return func(f Finding) bool {
		rel := f.File
		if top != "." {
			rel = strings.TrimPrefix(strings.TrimPrefix(f.File, top), "/")
		}
		for _, item := range list {
			if item.rule == f.Rule && (item.glob == "" || fleet.Match(item.glob, rel)) {
				return true
			}
		}
		if f.Line == 0 {
			return false
		}
		if _, read := files[rel]; !read {
			files[rel] = l.read(rel)
		}
		return commented(files[rel], f)
	}, nil
}

// commented looks at the finding's line and at the comments right above it.
func commented(lines []string, f Finding) bool {
	for n := f.Line; n > 0 && n <= len(lines); n-- {
		text := lines[n-1]
		rules := ignoreComment.FindStringSubmatch(text)
		if rules != nil && (n == f.Line || onlyComment(text)) {
			for _, rule := range strings.Split(rules[1], ",") {
				if strings.TrimSpace(rule) == f.Rule {
					return true
				}
			}
		}
		if n < f.Line && (rules == nil || !onlyComment(text)) {
			return false
		}
	}
	return false
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
	value := l.Config.Variables()[ignoreKey]
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
			return nil, fmt.Errorf("cannot use %s of the configuration: entry %d is not the name of a rule\nhint: write RULE or RULE PATTERN", ignoreKey, i+1)
		}
		if _, known := byID[rule]; !known {
			return nil, fmt.Errorf("cannot use %s of the configuration: there is no rule %s\nhint: docs/lint.md lists the rules",
				ignoreKey, rule)
		}
		items = append(items, ignoreItem{rule, strings.TrimSpace(glob)})
	}
	return items, nil
}

// unknownRules finds comments that ignore what does not exist.
func (l *linter) unknownRules() []Finding {
	var findings []Finding
	for _, img := range l.fleet.Images {
		c := check{linter: l, img: img}
		for _, file := range []string{templateFile, buildFile, changelogFile, "control"} {
			for i, line := range l.read(path.Join(img.Dir, file)) {
				m := ignoreComment.FindStringSubmatch(line)
				if m == nil {
					continue
				}
				for _, rule := range strings.Split(m[1], ",") {
					if _, known := byID[strings.TrimSpace(rule)]; !known {
						c.add(unknownRule, file, i+1, "docs/lint.md lists the rules", "there is no rule %s to ignore", strings.TrimSpace(rule))
					}
				}
			}
		}
		findings = append(findings, c.findings...)
	}
	return findings
}
