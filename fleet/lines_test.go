package fleet

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/config"
)

// Each line of the rendered text that ends in a number must come from the template's line of that
// number; one that ends in file:number from that line of the file.
func TestPlace(t *testing.T) {
	for name, template := range map[string]string{
		"plain":             "FROM a 1\nRUN b 2\n\nRUN c 4\n",
		"loop":              "FROM a 1\n{% for i in [1, 2, 3] %}\nRUN {{ i }} 3\n{% endfor %}\nUSER 5",
		"macro":             "{% macro m(x) %}\nRUN {{ x }} 2\n{% endmacro %}\nFROM a 4\n{{ m('x') }}\n{{- m('y') }}",
		"strip both":        "{%- set x = 1 -%}\n  FROM a 2\n{%- if x -%}\n  {{- '\\nRUN ' -}}\n  4\n{%- endif %}",
		"strip expression":  "FROM a 1\n  {{- '\\n' }}\n{{- 'RUN 3' -}}\n\n\n",
		"expression first":  "{{ 'FROM a 1' }}\n{{ {'a': {'b': 'RUN }} 2'}}.a.b }}\n{{ \"it's \\\" 3\" }}",
		"over several":      "FROM a 1\nRUN {{ \"\"\"b\nc\nd\"\"\" | upper | replace('\\n', ' ') }} 2\nUSER 5",
		"block set":         "{% set pkgs | replace('\\n', ' ') %}\na\nb\n{%- endset %}\nFROM x 5\nRUN {{ pkgs }} 6",
		"raw":               "{% raw %}\nRUN {{ x }} 2\n{% endraw %}\nRUN 4",
		"raw stripped":      "FROM 1\n\n{%- raw %}\n\n {% x %} 5\n{%- endraw %}\nRUN 7",
		"comment":           "{# a\nb {{ #}FROM 2\n{# c -#}\nRUN 4",
		"loop and comments": "FROM 1\n{% for i in [1, 2] -%}\n{# a -#}\n\n{#- b\nc -#}\nRUN 7\n{% endfor %}\nRUN 9",
		"include":           "FROM a 1\n{% include 'part.j2' %}\nUSER 3",
		"import":            "{% import 'macros.j2' as m %}\nFROM 2\n{{ m.x() }}\nUSER 4",
		"counts characters": "{% set x %}abc{% endset %}\nFROM {{ x | length }} 2\nRUN unlike 3\n",
	} {
		t.Run(name, func(t *testing.T) {
			v := inspectOne(t, map[string]string{
				templateFile: template, "part.j2": "# part.j2:1\nRUN part.j2:2", "macros.j2": "{% macro x() %}# {{ 1 }}x\nRUN macros.j2:2{% endmacro %}",
				changelogFile: "i (1) x; urgency=low\n\n  * x\n\n -- A B <a@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n",
			})
			img := v.Fleet.Images[0]
			if img.Err != nil {
				t.Fatal(img.Err)
			}
			f, err := Scan(t.Context(), v.scan.ScanOptions)
			if err != nil {
				t.Fatal(err)
			}
			for i, line := range strings.Split(f.Recipe(img).Dockerfile.Text, "\n") {
				words := strings.Fields(line)
				if len(words) == 0 {
					continue
				}
				file, number, isOther := strings.Cut(words[len(words)-1], ":")
				if !isOther {
					file, number = templateFile, file
				}
				want, err := strconv.Atoi(number)
				got := v.Place(img, templateFile, i+1)
				if err == nil && (got.Line != want || filepath.Base(got.Path) != file) {
					t.Errorf("%q comes from %s:%d", line, got.Path, got.Line)
				}
				if scanned := f.Images[0].Definition.Place(templateFile, i+1); scanned.Path != got.Path || scanned.Line != got.Line {
					t.Errorf("a scan says %q comes from %s:%d", line, scanned.Path, scanned.Line)
				}
				if isOther && got.Via == nil {
					t.Errorf("%q comes via %v", line, got.Via)
				}
			}
			for _, outside := range []int{-1, 0, strings.Count(f.Recipe(img).Dockerfile.Text, "\n") + 2} {
				if got := v.Place(img, templateFile, outside); got.Line != 0 {
					t.Errorf("line %d comes from %v", outside, got)
				}
			}
		})
	}
}

// A template that gives another text each time has no lines that can be known.
func TestPlaceOfRandomText(t *testing.T) {
	v := inspectOne(t, map[string]string{
		templateFile:  "FROM a\nRUN {{ range(1000000000) | random }}\n{{ range(1000000000) | random }}",
		changelogFile: "i (1) x; urgency=low\n\n  * x\n\n -- A B <a@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n",
	})
	if got := v.Place(v.Fleet.Images[0], templateFile, 1); got.Line != 0 {
		t.Errorf("comes from %v", got)
	}
}

func inspectOne(t *testing.T, files map[string]string) *Survey {
	t.Helper()
	dir := t.TempDir()
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	v, err := Inspect(t.Context(), ScanOptions{
		Dir: dir, Config: &config.Config{ScanWorkers: 2},
		ParseDockerfile: func([]byte, map[string]string, string) (Dockerfile, error) { return Dockerfile{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}
