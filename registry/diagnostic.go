package registry

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// diagnosis is one of the errors in a registry's answer (OCI distribution-spec, "Error Codes"), for
// people: its code, its message and, if it adds something, its detail.
func diagnosis(d transport.Diagnostic) string {
	text := strings.TrimSuffix(fmt.Sprintf("%s: %s", d.Code, d.Message), ": ")
	if detail := detailText(d.Detail); detail != "" && detail != d.Message {
		text += " (" + detail + ")"
	}
	return text
}

// detailText writes what may be any JSON without Go's or JSON's brackets where that is possible: names
// and values, lists, and the rights that are lacking, as distribution and Docker Hub have them.
func detailText(detail any) string {
	switch v := detail.(type) {
	case nil:
		return ""
	case string:
		return v
	case []any:
		var texts []string
		for _, item := range v {
			if text := detailText(item); text != "" {
				texts = append(texts, text)
			}
		}
		return strings.Join(texts, ", ")
	case map[string]any:
		if text := rightText(v); text != "" {
			return text
		}
		var texts []string
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if text := detailText(v[name]); text != "" {
				texts = append(texts, name+" "+text)
			}
		}
		return strings.Join(texts, ", ")
	}
	data, err := json.Marshal(detail) // a number, true or false
	if err != nil {
		return fmt.Sprint(detail)
	}
	return string(data)
}

// rightText is "pull of repository team/app", if that is what the detail says.
func rightText(v map[string]any) string {
	word := func(name string) string {
		for key, value := range v {
			if text, ok := value.(string); ok && strings.EqualFold(key, name) {
				return text
			}
		}
		return ""
	}
	kind, name, action := word("type"), word("name"), word("action")
	if kind == "" || name == "" || action == "" {
		return ""
	}
	return action + " of " + kind + " " + name
}
