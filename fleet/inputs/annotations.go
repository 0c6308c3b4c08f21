package inputs

import (
	"strings"

	ocispecs "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/slipway-build/slipway/digests"
)

// The annotations of every image beside those of the OCI image-spec. They depend on the inputs alone.
const (
	// madeFromAnnotation and contentAnnotation are Parts' Digest and Definition, followedAnnotation
	// the record by which files were chosen for both; it is missing when all of the context counts.
	madeFromAnnotation = "io.slipway.made-from"
	contentAnnotation  = "io.slipway.content"
	followedAnnotation = "io.slipway.followed"
	// InputsAnnotation and definitionAnnotation are the same by the first rules, for Slipways that know no
	// others.
	InputsAnnotation     = "io.slipway.inputs"
	definitionAnnotation = "io.slipway.definition"
)

// Annotations are those that a plan compares with.
var Annotations = []string{
	madeFromAnnotation, contentAnnotation, followedAnnotation, InputsAnnotation, definitionAnnotation,
	ocispecs.AnnotationBaseImageName, ocispecs.AnnotationBaseImageDigest,
}

// firstScheme is what the value of definitionAnnotation begins with.
const firstScheme = "1:"

// Annotate says by both rules what an image is made from.
func Annotate(to map[string]string, now, old Parts) {
	to[madeFromAnnotation], to[contentAnnotation] = string(now.Digest()), now.Definition()
	if now.Followed != "" {
		to[followedAnnotation] = now.Followed
	}
	to[InputsAnnotation], to[definitionAnnotation] = string(old.Digest()), firstScheme+old.Definition()
}

// ReadMark takes what an image's annotations say of its inputs. It is empty when no Slipway wrote them, or
// one with rules that this one does not know.
func ReadMark(annotations map[string]string) Mark {
	if content := annotations[contentAnnotation]; content != "" {
		m := Mark{Inputs: digests.Inputs(annotations[madeFromAnnotation]), Definition: content, Followed: annotations[followedAnnotation]}
		if !m.Known() {
			return Mark{}
		}
		return m
	}
	m := Mark{Inputs: digests.Inputs(annotations[InputsAnnotation])}
	if definition, ok := strings.CutPrefix(annotations[definitionAnnotation], firstScheme); ok {
		m.Definition = definition
	}
	return m
}
