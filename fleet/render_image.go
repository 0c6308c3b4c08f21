package fleet

import (
	"os"
	"path/filepath"
	"time"

	"github.com/slipway-build/slipway/jinja/inspect"
	"github.com/slipway-build/slipway/template"
)

// imageTemplates renders with the variables of the image at the desk.
type imageTemplates struct {
	desk   *desk
	shared *template.Environment
}

func (t imageTemplates) render(dir, name string) (template.Result, error) {
	return t.shared.RenderInput(t.input(dir, name))
}

func (t imageTemplates) inspect(dir, name string) template.Inspection {
	return t.shared.Inspect(t.input(dir, name), inspect.Render)
}

func (t imageTemplates) input(dir, name string) template.Input {
	return template.Input{Dir: dir, Name: name, Variables: imageVariables(t.desk.edges.img)}
}

// imageVariables are what a template knows of its own image; keys of the configuration win. The
// date is in UTC, so that it does not change with the zone of whoever wrote the entry. An entry
// without a date gives no changelog_date rather than a wrong one.
func imageVariables(img *Image) map[string]any {
	vars := map[string]any{"name": img.Name, "version": string(img.Version), "platform": string(img.Platform), "arch": img.Platform.Debian()}
	if !img.Date.IsZero() {
		vars["changelog_date"] = img.Date.UTC().Format(time.RFC3339)
	}
	return vars
}

// shownPaths are the folders as messages have them: short below the working directory.
func shownPaths(folders []string) []string {
	here, err := os.Getwd()
	shown := make([]string, len(folders))
	for i, folder := range folders {
		shown[i] = folder
		if rel, relErr := filepath.Rel(here, folder); err == nil && relErr == nil && filepath.IsLocal(rel) {
			shown[i] = rel
		}
	}
	return shown
}
