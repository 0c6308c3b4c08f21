package dockercmd

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"text/template"
)

// templateFuncs are those of docker's --format.
var templateFuncs = template.FuncMap{
	"json": func(v any) (string, error) {
		data, err := json.Marshal(v)
		return string(data), err
	},
	"join":     strings.Join,
	"split":    strings.Split,
	"lower":    strings.ToLower,
	"upper":    strings.ToUpper,
	"title":    func(s string) string { return strings.ToUpper(s[:min(1, len(s))]) + s[min(1, len(s)):] },
	"truncate": func(s string, n int) string { return s[:max(0, min(n, len(s)))] },
	"pad": func(s string, before, after int) string {
		return strings.Repeat(" ", before) + s + strings.Repeat(" ", after)
	},
}

func parseTemplate(text string) (*template.Template, error) {
	t, err := template.New("").Funcs(templateFuncs).Parse(text)
	if err != nil {
		return nil, fmt.Errorf("template parsing error: %w", err)
	}
	return t, nil
}

// table shows rows of values by column, as a table, a template per row, or JSON.
type table struct {
	columns []column
	rows    []row
}

// column is shown under title if it belongs to the plain table.
type column struct {
	field, title string
	hidden       bool
}

// row has the values by field; as a map it also serves templates.
type row map[string]any

// write shows the table. Format is a template, "json", "table" with a template,
// or empty for the usual columns.
func (t table) write(w io.Writer, format string) error {
	text, isTable := strings.CutPrefix(format, "table")
	text = strings.TrimSpace(text)
	if format == "" || isTable && text == "" {
		isTable, text = true, t.usual()
	}
	if format == "json" {
		text = "{{json .}}"
	}
	text = strings.NewReplacer(`\t`, "\t", `\n`, "\n").Replace(text)
	tmpl, err := parseTemplate(text)
	if err != nil {
		return err
	}
	tmpl.Option("missingkey=error")
	out := w
	if isTable {
		aligned := tabwriter.NewWriter(w, 10, 1, 3, ' ', 0)
		defer aligned.Flush()
		out = aligned
		head := row{}
		for _, c := range t.columns {
			head[c.field] = c.title
		}
		if err := t.line(out, tmpl, head); err != nil {
			return err
		}
	}
	for _, r := range t.rows {
		if err := t.line(out, tmpl, r); err != nil {
			return err
		}
	}
	return nil
}

func (t table) line(w io.Writer, tmpl *template.Template, r row) error {
	if err := tmpl.Execute(w, r); err != nil {
		return fmt.Errorf("template: %w", err)
	}
	_, err := fmt.Fprintln(w)
	return err
}

func (t table) usual() string {
	var fields []string
	for _, c := range t.columns {
		if !c.hidden {
			fields = append(fields, "{{."+c.field+"}}")
		}
	}
	return strings.Join(fields, "\t")
}

func printSorted(w io.Writer, lines []string) {
	slices.Sort(lines)
	for _, l := range lines {
		fmt.Fprintln(w, l)
	}
}
