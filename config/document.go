package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/slipway-build/slipway/pattern"
	"github.com/slipway-build/slipway/problem"
)

const (
	// maxSize is the largest configuration file that is read, in bytes.
	maxSize = 4 << 20
	// maxValues bounds what a file may mean, with each alias counted as what it stands for.
	maxValues = 1_000_000
	// maxAliased bounds the bytes of text that aliases stand for: what reads the values reads it each time.
	maxAliased = 4 << 20
	// maxProblems is how many errors or warnings are told.
	maxProblems = 100
)

// document turns the nodes of one YAML file into values.
type document struct {
	path     string
	values   int // made so far, aliases counted in full
	text     int // bytes of the scalars of them
	aliased  int // the part of it that aliases stand for
	anchors  map[*yaml.Node]anchored
	errs     []problem.Problem
	warnings []string
	root     *yaml.Node
	hidden   bool // inside a private key: no name is shown
	table    table
	written  bool // scalars are the texts that the file has, whatever their type; null stays null
	stopped  bool // the file is too much: nothing more is read
}

type anchored struct {
	value any
	size  int
	text  int
	done  bool // false while the value is being made: an alias then is part of itself
}

// setting is the value of a top-level key and where the key is.
type setting struct {
	value any
	texts any   // of the key builder: the value, with scalars as they are written (1.10, 0777)
	items []int // lines of the list "images" in it, if it has one
	// nested are the keys below slipway or builder, see nestedSettings.
	nested map[string]setting
	path   string
	line   int
}

func newDocument(path string) *document {
	return &document{path: path, anchors: map[*yaml.Node]anchored{}}
}

// parse reads a file's top-level mapping. An empty file has no settings.
func (t table) parse(path string, data []byte) (map[string]setting, []string, []problem.Problem) {
	d := newDocument(path)
	d.table = t
	if len(data) > maxSize {
		d.fail(0, fmt.Sprintf("cannot read configuration: it has %d bytes, more than the %d allowed", len(data), maxSize), "keep data out of the configuration")
		return nil, nil, d.errs
	}
	root := d.parse(data)
	if root == nil {
		return nil, d.warnings, d.errs
	}
	d.root = root
	v := d.value(root)
	if d.stopped {
		return nil, d.warnings, d.errs
	}
	settings := map[string]setting{}
	switch m := v.(type) {
	case nil:
	case *Map:
		lines := keyLines(root)
		for _, item := range m.Items() {
			name, ok := item.Key.(string)
			if !ok {
				d.fail(root.Line, fmt.Sprintf("cannot use key %s: it is %s, not a string",
					Clip(pythonString(item.Key)), kind(item.Key)), "put the key in quotes")
				continue
			}
			line, ok := lines[name]
			if !ok {
				line = root.Line // it came in by a merge
			}
			settings[name] = setting{value: item.Value, path: path, line: line}
		}
		if s, ok := settings[builderKey]; ok {
			s.texts, s.items = asWritten(path, root), itemLines(root, builderKey)
			settings[builderKey] = s
		}
		for _, key := range []string{builderKey, slipwayKey} {
			s := settings[key]
			if s.nested = nestedSettings(path, root, key, s); s.nested != nil {
				settings[key] = s
			}
		}
	default:
		d.fail(root.Line, "cannot read configuration: it must be a mapping of keys to values, got "+kind(v),
			"write lines like \"registry: registry.example\"")
	}
	return settings, d.warnings, d.errs
}

// asWritten is the key builder once more, with its scalars as they are written. What is wrong with the
// file, the first reading has told.
func asWritten(path string, root *yaml.Node) any {
	d := newDocument(path)
	d.root, d.written = root, true
	if m, ok := d.value(root).(*Map); ok {
		v, _ := m.Get(builderKey)
		return v
	}
	return nil
}

// parse returns the root node, or nil when there is none or the text is not YAML.
func (d *document) parse(data []byte) *yaml.Node {
	var doc, second yaml.Node
	dec := yaml.NewDecoder(bytes.NewReader(data))
	err := dec.Decode(&doc)
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err == nil {
		if err = dec.Decode(&second); errors.Is(err, io.EOF) {
			return doc.Content[0]
		}
		if err == nil {
			d.fail(second.Line, "cannot read configuration: a second document begins here", "keep everything in one document, without ---")
			return nil
		}
	}
	line, cause := splitYAMLError(err, data)
	hint := "a value with a colon, a bracket, a quote or one of @`%&*!|>{}[] at its beginning needs quotes"
	if unknownAnchor.MatchString(cause) {
		// The name is not shown: it may be a password that begins with an asterisk.
		cause, hint = "an alias (*) has no anchor (&)", "put the value in quotes if it is meant to begin with *"
	}
	d.fail(line, "cannot parse YAML: "+Clip(cause), hint)
	return nil
}

var (
	yamlError = pattern.New(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)
	// parserError matches the problems whose line the library counts from 0.
	parserError   = pattern.New(`^did not find expected (key|node content|'-' indicator|',' or '[]}]'|<.*>)$|^found undefined tag handle$|^found (duplicate|incompatible) `)
	unknownAnchor = pattern.New(`^unknown anchor '(.*)' referenced$`)
)

// splitYAMLError finds the line, which the library leaves out for the first line of a file, for
// bytes that are not text, and for an alias without an anchor.
func splitYAMLError(err error, data []byte) (line int, cause string) {
	m := yamlError.FindStringSubmatch(strings.ReplaceAll(err.Error(), "\n", " "))
	cause = m[2]
	if line, err := strconv.Atoi(m[1]); err == nil {
		if parserError.MatchString(cause) {
			line++
		}
		return line, cause
	}
	alias := unknownAnchor.FindStringSubmatch(cause)
	for text := range bytes.Lines(data) {
		line++
		notText := !utf8.Valid(text) || bytes.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' })
		if alias == nil && notText || alias != nil && bytes.Contains(text, []byte("*"+alias[1])) {
			return line, cause
		}
	}
	return 1, cause
}

func (d *document) fail(line int, msg, hint string) {
	if len(d.errs) < maxProblems {
		d.errs = append(d.errs, problem.Problem{Path: d.path, Line: line, Text: msg, Hint: hint})
	}
}

// count adds to the values made and reports false once they are too many.
func (d *document) count(n, line int) bool {
	if d.values += n; d.values > maxValues {
		d.stop(line, fmt.Sprintf("with all aliases expanded it has more than %d values", maxValues))
	}
	return !d.stopped
}

// countAliased adds to the values and texts that an alias stands for.
func (d *document) countAliased(a anchored, line int) {
	d.text += a.text
	if d.aliased += a.text; d.aliased > maxAliased {
		d.stop(line, fmt.Sprintf("its aliases stand for more than %d bytes of text", maxAliased))
	}
	d.count(a.size, line)
}

func (d *document) stop(line int, why string) {
	if !d.stopped {
		d.stopped = true
		d.fail(line, "cannot read configuration: "+why, "keep data out of the configuration")
	}
}

func (d *document) value(n *yaml.Node) any {
	if n.Kind == yaml.AliasNode {
		return d.alias(n)
	}
	if !d.count(1, n.Line) {
		return nil
	}
	if n.Anchor == "" {
		return d.make(n)
	}
	before, text := d.values, d.text
	d.anchors[n] = anchored{}
	v := d.make(n)
	d.anchors[n] = anchored{value: v, size: d.values - before + 1, text: d.text - text, done: true}
	return v
}

// alias gives the value that was made for the anchor, as PyYAML does: one object, seen twice.
func (d *document) alias(n *yaml.Node) any {
	a, ok := d.anchors[n.Alias]
	if !ok {
		return d.value(n.Alias) // the anchor is on a key, which is made later than its value's
	}
	if !a.done {
		d.fail(n.Line, "cannot use alias: it is part of what it stands for", "put the value in quotes if it is meant to begin with *")
		return nil
	}
	d.countAliased(a, n.Line)
	return a.value
}

func (d *document) make(n *yaml.Node) any {
	tag := ""
	if n.Style&yaml.TaggedStyle != 0 {
		tag = n.ShortTag()
	}
	switch {
	case n.Kind == yaml.MappingNode && (tag == "" || tag == "!!map"):
		return d.mapping(n)
	case n.Kind == yaml.SequenceNode && (tag == "" || tag == "!!seq"):
		list := make([]any, 0, len(n.Content))
		for _, item := range n.Content {
			list = append(list, d.value(item))
		}
		return list
	case n.Kind == yaml.ScalarNode:
		d.text += len(n.Value)
		return d.scalar(n, tag)
	}
	d.fail(n.Line, "cannot use tag: it has no meaning here", tagHint)
	return nil
}

// tagHint does not name the tag, which may be a password that begins with an exclamation mark.
const tagHint = "leave the tag out, or put the value in quotes if it is meant to begin with !"

const quoted = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

func (d *document) scalar(n *yaml.Node, tag string) any {
	var v any
	var err error
	switch {
	case tag != "":
		v, err = construct(tag, n.Value)
	case n.Style&quoted != 0:
		return n.Value
	default:
		v, err = resolve(n.Value)
	}
	switch {
	case errors.Is(err, errTag):
		d.fail(n.Line, "cannot use tag: it has no meaning here", tagHint)
	case err != nil:
		d.fail(n.Line, "cannot read value: "+err.Error(), "put it in quotes if it is meant as a string")
	case d.written && isPlain(v):
		return n.Value
	}
	return v
}

// isPlain reports a value whose text in the file says what a person meant better than its type does.
func isPlain(v any) bool {
	switch v.(type) {
	case bool, int, *big.Int, float64, date:
		return true
	}
	return false
}

// isMerge reports the key << of the YAML 1.1 type repository's merge type.
func isMerge(n *yaml.Node) bool {
	return n.Kind == yaml.ScalarNode && n.Value == "<<" && n.Style&quoted == 0 && n.ShortTag() == "!!merge"
}

// mapping puts merged keys first, as PyYAML does; the mapping's own keys then replace their values.
func (d *document) mapping(n *yaml.Node) *Map {
	m := &Map{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if isMerge(n.Content[i]) {
			d.merge(m, n.Content[i+1])
		}
	}
	lines := map[any]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		keyNode := n.Content[i]
		if isMerge(keyNode) {
			continue
		}
		key := d.value(keyNode)
		outer := d.hidden
		d.hidden = outer || n == d.root && d.table.private(key)
		value := d.value(n.Content[i+1])
		d.hidden = outer
		if d.stopped {
			return m
		}
		normal, ok := normalKey(key)
		if !ok {
			d.fail(keyNode.Line, "cannot use "+kind(key)+" as a key", "a key must be a single value")
			continue
		}
		if first, twice := lines[normal]; twice {
			name := Clip(pythonString(key))
			if d.hidden {
				name = hidden
			}
			d.warn(keyNode.Line, fmt.Sprintf("key %s replaces the one on line %d", name, first))
		}
		lines[normal] = keyNode.Line
		m.set(key, value)
	}
	return m
}

// merge adds the keys of a mapping, or those of a list of mappings, of which the first wins.
func (d *document) merge(m *Map, n *yaml.Node) {
	v := d.value(n)
	list, ok := v.([]any)
	if !ok {
		list = []any{v}
	}
	for i := len(list) - 1; i >= 0; i-- {
		from, ok := list[i].(*Map)
		if !ok {
			if !d.stopped {
				d.fail(n.Line, "cannot merge: << needs a mapping or a list of mappings, got "+kind(list[i]),
					"write << with an alias such as *defaults, or put it in quotes")
			}
			continue
		}
		if !d.count(from.Len(), n.Line) {
			return
		}
		for _, item := range from.Items() {
			m.set(item.Key, item.Value)
		}
	}
}

func (d *document) warn(line int, text string) {
	if len(d.warnings) < maxProblems {
		d.warnings = append(d.warnings, fmt.Sprintf("%s:%d: %s", d.path, line, text))
	}
}
