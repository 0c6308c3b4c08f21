package template_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/slipway-build/slipway/config"
	"github.com/slipway-build/slipway/template"
)

// TestKeysOfAnyType: YAML keys that are no strings are what they are in Python.
func TestKeysOfAnyType(t *testing.T) {
	dir := t.TempDir()
	text := `{{ m }} {{ m[18] }} {{ m.get(18) }} {{ 18 in m }} {{ "18" in m }} {% for k, v in m.items() %}{{ k }}={{ v }};{% endfor %}`
	if err := os.WriteFile(filepath.Join(dir, "t"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	m := config.NewMap(18, "eighteen", true, "yes", nil, "none", 3.5, "float", "18", "text")
	got, err := template.New(template.Options{Variables: map[string]any{"m": m}}).Render(dir, "t")
	if err != nil {
		t.Fatal(err)
	}
	want := `{18: 'eighteen', True: 'yes', None: 'none', 3.5: 'float', '18': 'text'} eighteen eighteen True True 18=eighteen;True=yes;None=none;3.5=float;18=text;`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
