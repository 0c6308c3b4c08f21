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
// number; a line without one from nowhere in particular.
func TestLines(t *testing.T) {
	for name, template := range map[string]string{
		"plain":             "FROM a 1\nRUN b 2\n\nRUN c 4\n",
		"loop":              "FROM a 1\n{% for i in [1, 2, 3] %}\nRUN {{ i }} 3\n{% endfor %}\nUSER 5",
		"macro":             "{% macro m(x) %}\nRUN {{ x }} 2\n{% endmacro %}\nFROM a 4\n{{ m('x') }}\n{{- m('y') }}",
		"strip both":        "{%- set x = 1 -%}\n  FROM a 2\n{%- if x -%}\n  {{- '\\nRUN ' -}}\n  5\n{%- endif %}",
		"strip expression":  "FROM a 1\n  {{- '\\n' }}\n{{- 'RUN 3' -}}\n\n\n",
		"expression first":  "{{ 'FROM a 1' }}\n{{ {'a': {'b': 'RUN }} 2'}}.a.b }}\n{{ \"it's \\\" 3\" }}",
		"over several":      "FROM a 1\nRUN {{ \"\"\"b\nc\nd\"\"\" | upper | replace('\\n', ' ') }} 2\nUSER 5",
		"block set":         "{% set pkgs | replace('\\n', ' ') %}\na\nb\n{%- endset %}\nFROM x 5\nRUN {{ pkgs }} 6",
		"raw":               "{% raw %}\nRUN {{ x }} 2\n{% endraw %}\nRUN 4",
		"raw stripped":      "FROM 1\n\n{%- raw %}\n\n {% x %} 5\n{%- endraw %}\nRUN 7",
		"comment":           "{# a\nb {{ #}FROM 2\n{# c -#}\nRUN 4",
		"include":           "FROM a 1\n{% include 'part.j2' %}\nUSER 3",
		"import":            "{% import 'macros.j2' as m %}\nFROM 2\n{{ m.x() }}\nUSER 4",
		"counts characters": "{% set x %}abc{% endset %}\nFROM {{ x | length }}\nRUN unlike 3\n",
	} {
		t.Run(name, func(t *testing.T) {
			v := inspectOne(t, map[string]string{
				templateFile: template, "part.j2": "# part", "macros.j2": "{% macro x() %}# {{ 1 }}x{% endmacro %}",
				changelogFile: "i (1) x; urgency=low\n\n  * x\n\n -- A B <a@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n",
			})
			img := v.Fleet.Images[0]
			if img.Err != nil {
				t.Fatal(img.Err)
			}
			lines := v.Lines(img, templateFile)
			text := strings.Split(img.Dockerfile, "\n")
			if len(lines) != len(text) {
				t.Fatalf("%d lines for %q", len(lines), img.Dockerfile)
			}
			for i, line := range text {
				words := strings.Fields(line)
				if len(words) == 0 {
					continue
				}
				want, err := strconv.Atoi(words[len(words)-1])
				if err == nil && name != "counts characters" && lines[i] != want {
					t.Errorf("%q comes from line %d", line, lines[i])
				}
			}
			if name == "counts characters" && lines[2] != 3 {
				t.Errorf("%v", lines)
			}
		})
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
		ParseDockerfile: func([]byte) (Dockerfile, error) { return Dockerfile{}, nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSplitRendered(t *testing.T) {
	for _, test := range []struct {
		in, text string
		line     int
	}{
		{"cannot parse (line 3 of the rendered Dockerfile)", "cannot parse", 3},
		{"a\nb (line 12 of the rendered Dockerfile)", "a\nb", 12},
		{"cannot parse", "cannot parse", 0},
	} {
		if text, line := SplitRendered(test.in); text != test.text || line != test.line {
			t.Errorf("%q: %q, %d", test.in, text, line)
		}
	}
}
