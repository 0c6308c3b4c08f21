// Package inputs says what an image is made from, and gives it a digest: two builds with the
// same digest have the same instructions, build arguments, parents and platform, and the same of all files
// of the context that can get into the image. Comments, times, owners, the place of the checkout and files
// that no instruction takes are no inputs.
package inputs

import (
	"encoding/json"
	"fmt"

	"github.com/opencontainers/go-digest"

	"github.com/slipway-build/slipway/digests"
	v1 "github.com/slipway-build/slipway/fleet/inputs/v1"
	"github.com/slipway-build/slipway/ref"
)

// Scheme is the number of the present rules. It is what digests by them begin with, and rises when the
// same image gets another digest: then a package beside v1 keeps the old ones.
const Scheme = 2

const prefix = "2:"

// Parts are all inputs of one image. All digests are written "sha256:…".
type Parts struct {
	// Scheme says which rules made the parts; zero are those of package v1, whose Dockerfile, Tree and
	// Level mean something else.
	Scheme   int    `json:"scheme,omitempty"`
	Platform string `json:"platform"`
	// Dockerfile and BuildDockerfile are digests of the instructions, in which the names of parents below
	// the fleet's registry and namespace stand without tags: a new version is told by Parents alone.
	Dockerfile      string `json:"dockerfile"`
	BuildDockerfile string `json:"build_dockerfile,omitempty"`
	// Files is the digest of that part of the build context which a build follows. For an image from
	// git it is empty and Commit says which commit the context is of.
	Files  string `json:"files,omitempty"`
	Commit string `json:"commit,omitempty"`
	// Folder is the context's folder in the repository, as a slash path with links resolved; empty for
	// the root, and without Commit.
	Folder string `json:"folder,omitempty"`
	// IgnoreFile is the Dockerfile's own list of files to leave out, which changes what of the commit is
	// sent; empty for .dockerignore, and without Commit.
	IgnoreFile string `json:"ignore_file,omitempty"`
	// Checkout is what of the commit is checked out, if not all: the submodules that are fetched, and
	// whether filters are left out; empty without Commit.
	Checkout string `json:"checkout,omitempty"`
	// Target is the stage that is built, for images of the configuration's list.
	Target string `json:"target,omitempty"`
	// Args are digests of the build arguments' values, which may be secret.
	Args map[string]string `json:"args,omitempty"`
	// Parents are the images it is built on or copies from; see fleet.Image.MadeFrom.
	Parents []Parent `json:"parents,omitempty"`

	// What follows is no input, but helps to say what changed. Level is the engine's compatibility level.
	// Tree is the digest of a listing of all of the context, Followed the record by which Files was
	// chosen. Templates are digests of the template files that do not lie in the context, by path.
	Level     int               `json:"level"`
	Tree      string            `json:"tree,omitempty"`
	Followed  string            `json:"followed,omitempty"`
	Templates map[string]string `json:"templates,omitempty"`

	// members are references to images that are none of the fleet now, but count as if they were.
	members []string
	// unaware tells that the fleet's images are not known under other references than their own, as they
	// were not in a store that had not built them yet.
	unaware bool
}

// Digest is "2:sha256:…" of the parts that are inputs, or what package v1 has for its own.
func (p Parts) Digest() digests.Inputs {
	if p.Scheme == 0 {
		return digests.Inputs(p.v1().Digest())
	}
	return digests.Inputs(p.digest())
}

// digest is that of the present rules.
func (p Parts) digest() string {
	p.Level, p.Tree, p.Followed, p.Templates, p.Parents = 0, "", "", nil, unwritten(p.Parents)
	data, err := json.Marshal(p) // maps are sorted by key
	if err != nil {
		panic(fmt.Sprintf("internal error: %v", err)) // strings and integers only
	}
	return prefix + digest.FromBytes(data).String()
}

// Definition is like Digest, but stands only for what changes by somebody's edit: the digests of the
// parents, which may be built again, the registry's name, and what ONBUILD instructions of other images
// use do not count.
func (p Parts) Definition() string {
	if p.Scheme == 0 {
		return p.v1().Definition()
	}
	p.Parents = p.written()
	for i := range p.Parents {
		parent := &p.Parents[i]
		parent.Digest = ""
		if parent.Name != parent.Ref { // of the fleet, whatever the registry is called
			_, parent.Ref, _ = ref.Split(parent.Ref)
		}
	}
	return p.digest()
}

// v1 are the parts as that package has them.
func (p Parts) v1() v1.Parts {
	out := v1.Parts{
		Level: p.Level, Platform: p.Platform, Dockerfile: p.Dockerfile, BuildDockerfile: p.BuildDockerfile, Tree: p.Tree,
		Commit: p.Commit, Folder: p.Folder, IgnoreFile: p.IgnoreFile, Target: p.Target, Args: p.Args,
	}
	if p.Checkout != "" { // which that package does not know: nothing that it has is the same
		out.Commit += " " + p.Checkout
	}
	for _, parent := range p.Counted() {
		if parent.Of != "" && p.unaware {
			parent.Digest = ""
		}
		out.Parents = append(out.Parents, v1.Parent{Name: parent.Name, Ref: parent.Ref, Digest: string(parent.Digest)})
	}
	return out
}

// On returns the parts of an image that is built on the given parents.
func (p Parts) On(parents []Parent) Parts {
	p.Parents = parents
	return p
}
