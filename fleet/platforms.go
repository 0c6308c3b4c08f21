package fleet

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/deb822"
	"github.com/slipway-build/slipway/fleet/fault"
	"github.com/slipway-build/slipway/platform"
)

// configured are the platforms that images are built for, and this machine's.
func (o ScanOptions) configured() (all []platform.Platform, machine platform.Platform) {
	machine = o.Platform
	if machine == "" {
		machine = platform.Machine()
	}
	if all = o.Config.Slipway.Platforms; len(all) == 0 {
		all = []platform.Platform{machine}
	}
	return all, machine
}

// aim settles what an image is made for, and which of its values this one is.
func (s *scan) aim(d definition) {
	if d.image == nil {
		return
	}
	d.image.Platforms = s.platforms
	if d.platforms != nil {
		d.image.Platforms = nil
		for _, p := range s.platforms {
			if slices.Contains(d.platforms, p) {
				d.image.Platforms = append(d.image.Platforms, p)
			}
		}
	}
	d.image.Platform = s.platforms[0]
	if len(d.image.Platforms) > 0 {
		d.image.Platform = d.image.Platforms[0]
	}
	if in := d.image.Platforms; slices.Contains(in, s.fleet.Platform) || len(in) == 0 && slices.Contains(s.platforms, s.fleet.Platform) {
		d.image.Platform = s.fleet.Platform
	}
}

// made tells whether the image is made for the platform of this value.
func (i *Image) made() bool { return i.Platform == "" || slices.Contains(i.Platforms, i.Platform) }

// Nowhere tells that control names architectures of which the configuration has none: the image is not built.
func (i *Image) Nowhere() bool { return i.Platform != "" && len(i.Platforms) == 0 }

// architectures reads Debian's field Architecture, in whichever paragraph it stands (deb-control(5)): those
// platforms that it means. What the configuration has not is not built; what is no name is an error.
func (r *reader) architectures(d *definition, paragraphs []deb822.Paragraph) (errs error) {
	var wanted []platform.Platform
	for _, p := range paragraphs {
		value, line, _ := p.Get("Architecture")
		for word := range strings.FieldsSeq(value) {
			if wanted == nil {
				wanted = []platform.Platform{}
			}
			for _, has := range r.platforms {
				matches, known := has.Matches(word)
				if !known {
					errs = errors.Join(errs, newProblem(fault.ControlSyntax, p.Path, line,
						"write Debian's names, such as amd64, arm64, armhf or i386, a wildcard such as any-arm64, or any",
						"cannot read Architecture: %.60q is no architecture", word))
					break
				}
				if matches {
					wanted = append(wanted, has)
				}
			}
		}
	}
	if errs == nil {
		d.platforms = wanted
	}
	return errs
}

// automatic are the build arguments that BuildKit knows of itself, where there is a choice of platforms: a
// reference may be made of them.
func (s *scan) automatic(img *Image, args map[string]string) map[string]string {
	if len(s.platforms) == 1 {
		return args
	}
	all := map[string]string{}
	for prefix, p := range map[string]platform.Platform{"TARGET": img.Platform, "BUILD": s.fleet.Platform} {
		all[prefix+"PLATFORM"], all[prefix+"OS"], all[prefix+"ARCH"], all[prefix+"VARIANT"] = string(p), p.OS(), p.Arch(), p.Variant()
	}
	maps.Copy(all, args)
	return all
}

// ask notes which platform of a parent a FROM --platform asks for.
func (d *Dependency) ask(u Use, img *Image, several bool) {
	p, err := platform.Parse(u.Platform)
	if !several || u.Platform == "" || err != nil || p == img.Platform {
		d.alsoOwn = true
	} else if !slices.Contains(d.platforms, p) {
		d.platforms = append(d.platforms, p)
	}
}

// of are the platforms of the dependency that an image for a platform takes.
func (d Dependency) of(p platform.Platform) []platform.Platform {
	if d.alsoOwn || len(d.platforms) == 0 {
		return append(slices.Clone(d.platforms), p)
	}
	return d.platforms
}

// lacking gives an image the errors of parents that are not made for what it needs.
func (f *Fleet) lacking(img *Image) {
	for _, d := range img.Depends {
		if d.Image == nil || d.Image.Platform == "" || !d.becomesPart() || d.platforms == nil && slices.Contains(d.Image.Platforms, img.Platform) {
			continue
		}
		for _, needs := range d.of(img.Platform) {
			if !slices.Contains(d.Image.Platforms, needs) {
				img.Err = errors.Join(img.Err, f.lacks(img, d, needs))
			}
		}
	}
}

func (f *Fleet) lacks(img *Image, d Dependency, needs platform.Platform) Problem {
	p, parent := img.Platform, d.Image
	is := "is made for none of the configuration's platforms"
	if len(parent.Platforms) > 0 {
		is = "is made for " + platformNames(parent.Platforms) + " alone"
	}
	if needs != p {
		is = fmt.Sprintf("is needed for %s, and %s", needs, is)
	}
	return newProblem(fault.MissingPlatform, f.DependencyFile(img, d), d.Line,
		fmt.Sprintf("add %s to %s, or leave %s out of %s", needs.Debian(), parent.narrowedBy(), p.Debian(), img.narrowedBy()),
		"cannot build %s for %s: its parent %s %s", img.Name, p, parent.Name, is)
}

// narrowedBy is where it is written down which platforms an image is made for.
func (i *Image) narrowedBy() string {
	if i.Moving {
		return "platforms of " + i.Name + " in " + i.declares
	}
	return "Architecture in " + i.declares
}

func platformNames(all []platform.Platform) string {
	names := make([]string, len(all))
	for i, p := range all {
		names[i] = string(p)
	}
	return strings.Join(names, ", ")
}
