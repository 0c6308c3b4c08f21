package config

import (
	"encoding/json"
	"maps"

	"github.com/slipway-build/slipway/pattern"
)

// schema is a part of a JSON schema, draft 7, which is what editors know best.
type schema map[string]any

// typed is a value of one of JSON's types.
func typed(types ...string) schema {
	if len(types) == 1 {
		return schema{"type": types[0]}
	}
	return schema{"type": types}
}

func anyOf(forms ...schema) schema { return schema{"anyOf": forms} }

func listOf(item schema) schema { return schema{"type": "array", "items": item} }

func mappingTo(value schema) schema { return schema{"type": "object", "additionalProperties": value} }

// orNull is a form or null, which is as if the key were not there.
func orNull(form schema) schema { return anyOf(form, typed("null")) }

var (
	nonEmpty = schema{"type": "string", "minLength": 1}
	// scalar is a text as it stands in the file, whatever type YAML has for it, and scalars one or several.
	scalar  = typed("string", "number", "boolean")
	scalars = anyOf(scalar, listOf(scalar))
)

func limitsSchema() schema {
	properties := schema{}
	for _, name := range limitKeys {
		properties[name] = typed("string", "integer", "null")
	}
	return schema{"type": "object", "properties": properties, "additionalProperties": false}
}

// imagesSchema is the form of the key builder. One that is no mapping, or has no images, is a template variable.
func imagesSchema() schema {
	properties := schema{}
	for _, k := range listedKeys {
		properties[k.name] = orNull(k.schema)
	}
	entry := schema{"type": "object", "properties": properties, "required": []string{"name", "from"}, "additionalProperties": false}
	return schema{"properties": schema{"images": orNull(listOf(entry))}}
}

// link is a link of Markdown: an editor shows its text alone.
var link = pattern.New(`\[([^]]+)\]\([^)]+\)`)

// property is what the schema says of one key.
func (k *key) property() schema {
	p := schema{"description": link.ReplaceAllString(k.doc, "$1")}
	maps.Copy(p, orNull(k.form.schema))
	if k.value != nil {
		p["default"] = plain(k.value)
	}
	return p
}

// Schema is a JSON schema of the configuration, for editors. Keys that it does not know are variables for
// templates, but below slipway there are none: a slip of the pen is more likely there.
func Schema() ([]byte, error) { return keys().schema() }

func (t table) schema() ([]byte, error) {
	top, own := schema{}, schema{}
	for i := range t {
		k := &t[i]
		if k.own() {
			own[k.part()] = k.property()
		} else {
			top[k.name] = k.property()
		}
	}
	top[slipwayKey] = schema{
		"description": t.find(slipwayKey).property()["description"],
		"type":        []string{"object", "null"}, "properties": own, "additionalProperties": false,
	}
	return json.MarshalIndent(schema{
		"$schema":    "http://json-schema.org/draft-07/schema#",
		"title":      "Slipway's configuration",
		"type":       []string{"object", "null"},
		"properties": top,
	}, "", "  ")
}
