package buildcontext

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"slices"
	"strconv"
	"strings"

	"github.com/slipway-build/slipway/recipe"
)

// line is one entry as digests and listings have it.
type line struct {
	recipe.Entry
	mode fs.FileMode
	sum  []byte
}

func appendLine(buf []byte, l line) []byte {
	buf = append(append(buf, l.Path...), 0)
	buf = append(strconv.AppendUint(buf, uint64(unixMode(l.mode)), 8), 0)
	return append(hex.AppendEncode(buf, l.sum), 0)
}

func digest(listing []byte) string {
	sum := sha256.Sum256(listing)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// lines are what a build sees, with the modes that it sees. Own, if not nil, is the file that With adds.
func (c Contents) lines(own []byte) []line {
	out := make([]line, 0, len(c.entries)+1)
	placed := own == nil || c.tree.ownIgnored
	place := func() {
		sum := sha256.Sum256(own)
		out = append(out, line{Entry: recipe.Entry{Path: OwnFile}, mode: ownMode, sum: sum[:]})
		placed = true
	}
	for i, e := range c.entries {
		top, _, _ := strings.Cut(e.path, "/")
		switch {
		case e.hidden:
			continue
		case own != nil && !c.tree.ownIgnored && top == OwnFile:
			continue // it is hidden by the other
		case !placed && top > OwnFile:
			place()
		}
		out = append(out, line{recipe.Entry{Path: e.path, Link: e.text}, e.kept, c.sum(i)})
	}
	if !placed {
		place()
	}
	return out
}

// Listing lists what a build sees, but for the Dockerfile that it is given: see Files.
func (c Contents) Listing() []byte {
	var listing []byte
	for _, l := range c.lines(nil) {
		listing = appendLine(listing, l)
	}
	return listing
}

// Own are the texts that count as the file OwnFile of the context, for the image and for its artifacts.
// Nil is none.
type Own struct{ Context, Artifacts []byte }

// Digest is of that part of the context which a build followed: paths, modes and contents. When it is not
// known what it followed, all is part of it.
func (c Contents) Digest(f recipe.Followed, own Own) (string, error) {
	if !f.Known {
		f.Context, f.Artifacts = []recipe.Use{recipe.NewUse("/")}, nil
		if own.Artifacts != nil {
			f.Artifacts = f.Context
		}
	}
	var listing []byte
	for _, part := range []struct {
		uses []recipe.Use
		own  []byte
	}{{f.Context, own.Context}, {f.Artifacts, own.Artifacts}} {
		lines, err := c.followed(part.uses, part.own)
		if err != nil {
			return "", err
		}
		for _, l := range lines {
			listing = appendLine(listing, l)
		}
		listing = append(listing, 0)
	}
	return digest(listing), nil
}

func (c Contents) followed(uses []recipe.Use, own []byte) ([]line, error) {
	if len(uses) == 0 {
		return nil, nil
	}
	lines := c.lines(own)
	entries := make([]recipe.Entry, len(lines))
	for i, l := range lines {
		entries[i] = l.Entry
	}
	selected, err := recipe.Select(uses, entries)
	if err != nil {
		return nil, fmt.Errorf("cannot read what a build followed: %w", err)
	}
	var out []line
	for i, l := range lines {
		if selected[i] {
			out = append(out, l)
		}
	}
	return out, nil
}

// Paths lists the files of the context, no folders, that a build followed.
func (c Contents) Paths(uses []recipe.Use, own []byte) ([]string, error) {
	lines, err := c.followed(uses, own)
	var paths []string
	for _, l := range lines {
		if !l.mode.IsDir() {
			paths = append(paths, l.Path)
		}
	}
	return paths, err
}

// unixMode is the mode as stat(2) has it: the type and the permissions, which COPY keeps.
func unixMode(m fs.FileMode) uint32 {
	mode := uint32(m.Perm())
	for _, b := range unixBits {
		if m&b.bit != 0 {
			mode |= b.unix
		}
	}
	return mode
}

var unixBits = [...]struct {
	bit  fs.FileMode
	unix uint32
}{{fs.ModeDir, 0o40000}, {fs.ModeSymlink, 0o120000}, {fs.ModeSetuid, 0o4000}, {fs.ModeSetgid, 0o2000}, {fs.ModeSticky, 0o1000}}

// Files reads a Listing: each path with its mode and digest as one text, to compare.
func Files(listing []byte) map[string]string {
	files := map[string]string{}
	for fields := bytes.Split(listing, []byte{0}); len(fields) > 3; fields = fields[3:] {
		files[string(fields[0])] = string(fields[1]) + " " + string(fields[2])
	}
	return files
}

// Changed compares two results of Files: the paths that differ, are new and are gone, each sorted.
func Changed(before, after map[string]string) (changed, added, removed []string) {
	for p, was := range before {
		switch is, still := after[p]; {
		case !still:
			removed = append(removed, p)
		case is != was:
			changed = append(changed, p)
		}
	}
	for p := range after {
		if _, old := before[p]; !old {
			added = append(added, p)
		}
	}
	slices.Sort(changed)
	slices.Sort(added)
	slices.Sort(removed)
	return changed, added, removed
}
