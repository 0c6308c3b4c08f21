package fleet

import (
	"context"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/jinja/inspect"
)

// keyProblems are about keys of the configuration that are most likely a slip of the pen: one that is
// like a key of Slipway's, and that no template of the fleet has a use for. It is called when all
// images are rendered.
func (r *renderer) keyProblems(ctx context.Context) ([]Problem, error) {
	problems := r.scan.tree.exclude.unused(r.scan.Config)
	if r.scan.Dir == "" {
		problems = nil // nobody knows what the folders would have had
	}
	slips := slipsOf(r.scan.Config)
	if len(slips) == 0 {
		return problems, nil
	}
	words := map[string]bool{}
	read := map[string]bool{}
	for _, img := range r.scan.fleet.Images {
		addWords(words, read, img.Templates)
	}
	if slips = unread(slips, words); len(slips) > 0 { // it may be in a part that was not reached
		files, err := r.takenIn(ctx)
		if err != nil {
			return nil, err
		}
		addWords(words, read, files)
	}
	slips = unread(slips, words)
	for i, s := range slips {
		if i == maxTold {
			return append(problems, newProblem(fault.UnknownKey, s.Path, s.Line, "", "%d more keys are not told that are like these", len(slips)-i)), nil
		}
		problems = append(problems, s.Problem)
	}
	return problems, nil
}

// maxTold is how many problems of one kind a configuration's keys have that are told one by one.
const maxTold = 100

// slip is a key that may be one.
type slip struct {
	Problem
	key config.UnknownKey
}

func slipsOf(cfg *config.Config) []slip {
	var slips []slip
	var parts keyParts
	for _, u := range cfg.UnknownKeys() {
		text, hint := u.Wrong, u.Hint
		if near := parts.near(u); len(near) > 0 {
			hint = "did you mean " + strings.Join(near, " or ") + "?"
			if text == "" {
				text = "is unknown to Slipway, and no template uses it"
			}
		}
		if text != "" {
			slips = append(slips, slip{newProblem(fault.UnknownKey, u.Path, u.Line, hint, "key %s %s", u.Name, text), u})
		}
	}
	return slips
}

// keyParts are known keys by their own names, without those of the keys that they stand below.
type keyParts struct {
	known  []string
	byPart map[string]string
	parts  []string
}

// near are the known keys that may have been meant: whose own name, without that of the key that it
// stands below, is like that of the unknown one. So exclude may have been meant as slipway.exclude.
func (k *keyParts) near(u config.UnknownKey) []string {
	if k.byPart == nil || !slices.Equal(k.known, u.Known) {
		k.known, k.byPart = u.Known, map[string]string{}
		for _, known := range u.Known {
			k.byPart[lastPart(known)] = known
		}
		k.parts = slices.Collect(maps.Keys(k.byPart))
	}
	name := u.Name
	if name != u.Variable { // it stands below that
		name = lastPart(name)
	}
	near := Similar(name, k.parts)
	for i, part := range near {
		near[i] = k.byPart[part]
	}
	return near
}

// lastPart is a key's name without that of the key that it stands below.
func lastPart(name string) string { return name[strings.LastIndexByte(name, '.')+1:] }

// unread are those that no template reads. What is not acted on although Slipway has the key is told in
// any case, but it is no fault of a fleet that has a use for it.
func unread(slips []slip, words map[string]bool) []slip {
	var left []slip
	for _, s := range slips {
		switch {
		case !words[s.key.Variable]:
			left = append(left, s)
		case s.key.Misshapen:
			s.Kind = fault.UnreadKey
			left = append(left, s)
		}
	}
	return left
}

// addWords adds the names in the tags of templates that were not read before.
func addWords(words, read map[string]bool, files []string) {
	for _, file := range files {
		if read[file] {
			continue
		}
		read[file] = true
		if data, err := readTemplate(file); err == nil { // else its image has the error
			maps.Copy(words, inspect.Words(data))
		}
	}
}

// readTemplate reads a template's source from where its path leads. What has changed since it was
// rendered makes no difference: nothing is printed of it.
func readTemplate(file string) (string, error) {
	real, err := filepath.EvalSymlinks(file)
	if err != nil {
		return "", err
	}
	root, err := os.OpenRoot(filepath.Dir(real))
	if err != nil {
		return "", err
	}
	defer root.Close()
	data, err := readRegular(root, filepath.Base(real), maxTemplate)
	return string(data), err
}

// takenIn are the templates that all images take in, also in parts that were not reached.
func (r *renderer) takenIn(ctx context.Context) ([]string, error) {
	var mu sync.Mutex
	var files []string
	images := r.scan.fleet.Images
	err := r.scan.parallel(ctx, len(images), func(i int) {
		if d, ok := images[i].Definition.(interface{ takenIn() []string }); ok {
			found := d.takenIn()
			mu.Lock()
			defer mu.Unlock()
			files = append(files, found...)
		}
	})
	return files, err
}
