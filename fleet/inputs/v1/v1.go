// Package v1 holds the rules by which the first Slipways told whether an image is made from the same
// inputs: all files of its folder counted, with the modes as they stood. They are frozen. What was
// published then is compared by them for ever, and images still say what they are by them, for machines
// that have not been updated.
package v1

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Level is the engine's compatibility level of all images that know no other rules.
const Level = 1

// Parts are all inputs of one image. All digests are written "sha256:…". The JSON of this type, with
// sorted keys in maps, is what Digest is of: no name and no order may change.
type Parts struct {
	Level           int               `json:"level"`
	Platform        string            `json:"platform"`
	Dockerfile      string            `json:"dockerfile"`
	BuildDockerfile string            `json:"build_dockerfile,omitempty"`
	Tree            string            `json:"tree,omitempty"`
	Commit          string            `json:"commit,omitempty"`
	Folder          string            `json:"folder,omitempty"`
	IgnoreFile      string            `json:"ignore_file,omitempty"`
	Target          string            `json:"target,omitempty"`
	Args            map[string]string `json:"args,omitempty"`
	Parents         []Parent          `json:"parents,omitempty"`
}

// Parent is an image that another is made from.
type Parent struct {
	Name   string `json:"name"`
	Ref    string `json:"ref"`
	Digest string `json:"digest"`
}

// Digest is "sha256:…" of all parts: the annotation io.slipway.inputs.
func (p Parts) Digest() string {
	data, err := json.Marshal(p)
	if err != nil {
		panic(fmt.Sprintf("internal error: %v", err)) // strings and integers only
	}
	return digest(data)
}

// Definition stands only for what changes by somebody's edit: the annotation io.slipway.definition,
// without its prefix "1:".
func (p Parts) Definition() string {
	p.Level, p.Parents = 0, slices.Clone(p.Parents)
	for i := range p.Parents {
		parent := &p.Parents[i]
		parent.Digest = ""
		if parent.Name != parent.Ref { // of the fleet, whatever the registry is called
			parent.Ref = tag(parent.Ref)
		}
	}
	return p.Digest()
}

func tag(ref string) string {
	if i := strings.LastIndexByte(ref, ':'); i > strings.LastIndexByte(ref, '/') {
		return ref[i+1:]
	}
	return ""
}

// Dockerfile is the digest of a rendered Dockerfile without its parents' tags. Parents are the names of
// the fleet's images that it uses, by reference.
func Dockerfile(text string, parents map[string]string) string {
	refs := make([]string, 0, len(parents))
	for ref := range parents {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, func(a, b string) int { return cmp.Or(len(b)-len(a), cmp.Compare(a, b)) }) // base:1.10 before base:1.1
	pairs := []string{}
	for _, ref := range refs {
		pairs = append(pairs, ref, "\x00"+parents[ref]+"\x00") // no Dockerfile has a NUL
	}
	return digest([]byte(strings.NewReplacer(pairs...).Replace(text)))
}

// Mask is a umask under which a tree may have been checked out.
type Mask int

// AsItStands is for the modes as they are.
const AsItStands Mask = -1

// Masks are what counts as the same: modes as they stand, and as a checkout has them that was made under
// one of the usual umasks. 027 and 007 are those of hardened machines and of groups that share checkouts.
// One may be added, for what was published by another stays what it is; none may be taken away.
var Masks = []Mask{AsItStands, 0o022, 0o002, 0o077, 0o027, 0o007}

// File is a file or folder of a build context.
type File struct {
	Path    string
	Mode    fs.FileMode // as it stands
	Tracked bool        // its mode is kept by something else than the file system
	Sum     []byte      // SHA-256 of what it holds; nil for folders
}

// Tree is the digest of a build context: paths, modes and contents of all its files. Under a umask,
// files whose modes git keeps have those of a checkout; where nothing keeps modes, all files do.
func Tree(files iter.Seq[File], kept bool, m Mask) string {
	h := sha256.New()
	var buf []byte
	for f := range files {
		mode := f.Mode
		if m != AsItStands && (f.Tracked || !kept) {
			mode = m.apply(mode)
		}
		buf = append(append(buf[:0], f.Path...), 0)
		buf = append(strconv.AppendUint(buf, uint64(unixMode(mode)), 8), 0)
		buf = append(hex.AppendEncode(buf, f.Sum), 0)
		h.Write(buf)
	}
	return "sha256:" + hex.EncodeToString(h.Sum(nil))
}

func (m Mask) apply(mode fs.FileMode) fs.FileMode {
	const special = fs.ModeSetuid | fs.ModeSetgid | fs.ModeSticky
	if mode&special != 0 || mode&fs.ModeSymlink != 0 {
		return mode
	}
	perm := fs.FileMode(0o666)
	if mode.IsDir() || mode&0o100 != 0 {
		perm = 0o777
	}
	return mode&^fs.ModePerm | perm&^fs.FileMode(m)
}

func unixMode(m fs.FileMode) uint32 {
	mode := uint32(m.Perm())
	for bit, unix := range map[fs.FileMode]uint32{fs.ModeDir: 0o40000, fs.ModeSymlink: 0o120000, fs.ModeSetuid: 0o4000, fs.ModeSetgid: 0o2000, fs.ModeSticky: 0o1000} {
		if m&bit != 0 {
			mode |= unix
		}
	}
	return mode
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}
