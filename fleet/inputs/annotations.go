package inputs

import (
	"strings"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"
)

// The annotations of every image beside those of the OCI image-spec. They depend on the inputs alone.
const (
	// MadeFromAnnotation and ContentAnnotation are Parts' Digest and Definition, FollowedAnnotation
	// the record by which files were chosen for both; it is missing when all of the context counts.
	MadeFromAnnotation = "io.slipway.made-from"
	ContentAnnotation  = "io.slipway.content"
	FollowedAnnotation = "io.slipway.followed"
	// InputsAnnotation and DefinitionAnnotation are the same by the first rules, for Slipways that know no
	// others.
	InputsAnnotation     = "io.slipway.inputs"
	DefinitionAnnotation = "io.slipway.definition"
)

// Annotations are those that a plan compares with.
var Annotations = []string{
	MadeFromAnnotation, ContentAnnotation, FollowedAnnotation, InputsAnnotation, DefinitionAnnotation,
	ocispecs.AnnotationBaseImageName, ocispecs.AnnotationBaseImageDigest,
}

// firstScheme is what the value of DefinitionAnnotation begins with.
const firstScheme = "1:"

// Annotate says by both rules what an image is made from.
func Annotate(to map[string]string, now, old Parts) {
	to[MadeFromAnnotation], to[ContentAnnotation] = now.Digest(), now.Definition()
	if now.Followed != "" {
		to[FollowedAnnotation] = now.Followed
	}
	to[InputsAnnotation], to[DefinitionAnnotation] = old.Digest(), firstScheme+old.Definition()
}

// ReadMark takes what an image's annotations say of its inputs. It is empty when no Slipway wrote them, or
// one with rules that this one does not know.
func ReadMark(annotations map[string]string) Mark {
	if content := annotations[ContentAnnotation]; content != "" {
		m := Mark{Inputs: annotations[MadeFromAnnotation], Definition: content, Followed: annotations[FollowedAnnotation]}
		if !m.Known() {
			return Mark{}
		}
		return m
	}
	m := Mark{Inputs: annotations[InputsAnnotation]}
	if definition, ok := strings.CutPrefix(annotations[DefinitionAnnotation], firstScheme); ok {
		m.Definition = definition
	}
	return m
}
