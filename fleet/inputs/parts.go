// Package inputs finds out what images are made from, and gives it a digest: two builds with the
// same digest have the same rendered Dockerfile, context, build arguments, parents, platform and
// engine level. Times, owners and the place of the checkout are no inputs.
package inputs

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/fleet/buildcontext"
)

// Parts are all inputs of one image. All digests are written "sha256:…".
type Parts struct {
	// Level is the engine's compatibility level: it rises when the same other inputs give other bits.
	Level    int    `json:"level"`
	Platform string `json:"platform"`
	// Dockerfile and BuildDockerfile are digests of the rendered texts, in which the names of the
	// fleet's own parents stand without tags: a parent's new version is told by Parents alone.
	Dockerfile      string `json:"dockerfile"`
	BuildDockerfile string `json:"build_dockerfile,omitempty"`
	// Tree is the digest of the build context after .dockerignore. For an image from git it is empty
	// and Commit says which commit the context is of.
	Tree   string `json:"tree,omitempty"`
	Commit string `json:"commit,omitempty"`
	// Folder is the context's folder in the repository, as a slash path with links resolved; empty for
	// the root, and without Commit.
	Folder string `json:"folder,omitempty"`
	// IgnoreFile is the Dockerfile's own list of files to leave out, which changes what of the commit is
	// sent; empty for .dockerignore, and without Commit.
	IgnoreFile string `json:"ignore_file,omitempty"`
	// Target is the stage that is built, for images of the configuration's list.
	Target string `json:"target,omitempty"`
	// Args are digests of the build arguments' values, which may be secret.
	Args map[string]string `json:"args,omitempty"`
	// Parents are the images it is built on or copies from, sorted by name.
	Parents []Parent `json:"parents,omitempty"`

	// Templates are no input but help to say why the Dockerfile changed: digests of the template
	// files that do not lie in the context, by path.
	Templates map[string]string `json:"templates,omitempty"`
}

// Parent is an image that another is made from.
type Parent struct {
	Name   string `json:"name"` // in the fleet; the reference for others
	Ref    string `json:"ref"`
	Digest string `json:"digest"` // of the image's content; empty when it is in no store
}

// Digest is "sha256:…" of the parts that are inputs.
func (p Parts) Digest() string {
	p.Templates = nil
	data, err := json.Marshal(p) // maps are sorted by key
	if err != nil {
		panic(fmt.Sprintf("internal error: %v", err)) // strings and integers only
	}
	return digest(data)
}

// Definition is like Digest, but stands only for what changes by somebody's edit: the digests of the
// parents, which may be built again, the registry's name and the engine's level do not count.
func (p Parts) Definition() string {
	p.Level, p.Parents = 0, slices.Clone(p.Parents)
	for i := range p.Parents {
		parent := &p.Parents[i]
		parent.Digest = ""
		if parent.Name != parent.Ref { // of the fleet, whatever the registry is called
			_, parent.Ref, _ = fleet.SplitRef(parent.Ref)
		}
	}
	return p.Digest()
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func (p *Parts) listed(img *fleet.Image) {
	l := img.Listed
	if l == nil {
		return
	}
	p.Commit, p.Target = l.Commit, l.Target
	if l.Commit != "" && img.Dir != "." {
		p.Folder = img.Dir
	}
	if l.Commit != "" && l.IgnoreFile != buildcontext.IgnoreFile {
		p.IgnoreFile = l.IgnoreFile
	}
}

// On returns the parts of an image that is built on the given parents.
func (p Parts) On(parents []Parent) Parts {
	p.Parents = parents
	return p
}

// dockerfileDigest is the digest of a rendered Dockerfile without its parents' tags. NUL, which no
// Dockerfile has, keeps a placeholder from being confused with text.
func dockerfileDigest(text string, img *fleet.Image) string {
	pairs := []string{}
	for _, parent := range byLength(img.Used()) {
		pairs = append(pairs, parent.Ref, "\x00"+parent.Name+"\x00")
	}
	return digest([]byte(strings.NewReplacer(pairs...).Replace(text)))
}

// byLength puts base:1.10 before base:1.1, which it begins with.
func byLength(images []*fleet.Image) []*fleet.Image {
	slices.SortStableFunc(images, func(a, b *fleet.Image) int { return len(b.Ref) - len(a.Ref) })
	return images
}

// Parents lists what an image is built on, with the digests that find knows by reference: the
// fleet's images, and others that the Dockerfile names.
func Parents(img *fleet.Image, find func(ref string) string) []Parent {
	var parents []Parent
	for _, p := range img.Used() {
		parents = append(parents, Parent{Name: p.Name, Ref: p.Ref, Digest: find(p.Ref)})
	}
	for _, ref := range img.External {
		parents = append(parents, Parent{Name: ref, Ref: ref, Digest: find(ref)})
	}
	return parents
}
