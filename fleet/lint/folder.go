package lint

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/moby/patternmatcher"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/pattern"
	"github.com/slipway-build/slipway/problem"
)

// context lists the files that the build would see, and takes what it refuses.
func (c *check) context() {
	shown := c.fleet.Path(c.img, ".")
	tree, err := c.fleet.ContextIn(c.root, c.img)
	if err == nil {
		c.tree = tree
		return
	}
	for _, err := range problem.Each(err) {
		p := problem.Of(err)
		rel := strings.TrimPrefix(strings.TrimPrefix(p.Path, shown), "/")
		if p.Kind == buildcontext.KindPatterns {
			c.add(dockerignoreSyntax, rel, c.badPattern(), p.Hint, "%s", p.Text)
			continue
		}
		c.add(buildContext, rel, 0, p.Hint, "%s", p.Text)
	}
}

// pointers looks for files that git-lfs has not fetched.
func (c *check) pointers() {
	if c.tree == nil || c.files.Commit != "" { // a commit's are as its entry wants them
		return
	}
	for _, name := range c.tree.Pointers() {
		c.add(lfsPointer, name, 0, fleet.PointerHint, "it is a pointer of git-lfs, not the file")
	}
}

// badPattern is the first line of .dockerignore that is no pattern, or 0.
func (c *check) badPattern() int {
	for i, line := range read(c.root, path.Join(c.img.Dir, buildcontext.IgnoreFile)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if _, err := patternmatcher.New([]string{line}); err != nil {
			return i + 1
		}
	}
	return 0
}

// testFile finds the file that a shell is told to run.
var testFile = pattern.New(`^\s*(?:exec\s+)?["']?\{path\}/([^\s"'{}]+)`)

// test looks whether the shell that verify_args start may execute the test. Where a shell is only
// told to read it, it need not be executable.
func (c *check) test() {
	name := c.files.Test
	if name == "" {
		name = c.commonTest()
	}
	if name == "" {
		return
	}
	info, err := c.root.Stat(path.Join(c.img.Dir, name))
	if err != nil && c.tree != nil { // a link, which the context follows, or leaves out
		info, err = c.tree.Stat(name)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		c.add(string(fault.UnreadableFile), name, 0, "", "cannot look at the test: %v", err)
	case info.Mode().IsRegular() && info.Mode()&0o111 == 0:
		c.add(testNotExecutable, name, 0, "`chmod +x "+fleet.ShellPath(c.fleet.Path(c.img, name))+"` makes it so", "the test is not executable")
	}
}

// commonTest is the file that verify_args execute in each image's folder, empty for none.
func (c *check) commonTest() string {
	args := c.Config.VerifyArgs
	if len(args) < 2 || args[0] != "-c" || !slices.Contains([]string{"sh", "bash", "dash"}, path.Base(c.Config.VerifyCommand)) {
		return ""
	}
	m := testFile.FindStringSubmatch(args[1])
	if m == nil {
		return ""
	}
	return m[1]
}

// dependencies looks for what control names in vain. An image that could not be read may use it.
func (c *check) dependencies() {
	if c.img.Err != nil || c.recipe.Dockerfile.Text == "" || c.img.Derived {
		return
	}
	text := c.recipe.Dockerfile.Text + "\n" + c.recipe.Artifacts.Text
	for _, d := range c.img.Depends {
		// A template may ask for a tag without building on it, and what it uses in another version
		// the scan has reported.
		if !d.Declared || d.Used || d.Aliased || d.OnBuild || d.LookedUp || d.PassedOn || d.Image == nil || mentions(text, c.Config.Name(d.Name)) || c.isWrong(d) {
			continue
		}
		c.add(unusedDependency, d.File, d.Line, "remove it, if nothing else needs the order",
			"%s declares %s and does not use it", c.img.Name, d.Name)
	}
}

// isWrong tells that control's line with the dependency is to be mended first.
func (c *check) isWrong(d fleet.Dependency) bool {
	path := c.fleet.Path(c.img, d.File)
	return slices.ContainsFunc(c.findings, func(f Finding) bool {
		return f.Rule == string(fault.ControlSyntax) && f.File == path && f.Line == d.Line
	})
}

// mentions reports whether a text has the repository's name with something other behind it than
// more of a name.
func mentions(text, repo string) bool {
	for i := strings.Index(text, repo); i >= 0; i = strings.Index(text, repo) {
		text = text[i+len(repo):]
		if strings.HasPrefix(text, ":") || strings.HasPrefix(text, "@") {
			return true
		}
	}
	return false
}

// read returns the lines of a file; none when it cannot be read.
func read(root *os.Root, rel string) []string {
	data, err := root.ReadFile(rel)
	if err != nil {
		return nil
	}
	return strings.Split(string(data), "\n")
}
