package jinja_test

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/slipway-build/slipway/jinja"
)

// writer makes a random template in which each piece of text names its own
// file and line.
type writer struct {
	*rand.Rand
	name  string
	out   strings.Builder
	line  int
	vars  int
	loads []string // templates that may be taken in
}

func (w *writer) put(s string) {
	w.out.WriteString(s)
	w.line += strings.Count(s, "\n")
}

func (w *writer) text() { w.put(fmt.Sprintf("<%s:%d>", w.name, w.line)) }

func (w *writer) blank() { w.put([]string{"", "", "\n", "\n\n", "  ", "\n  ", " \n"}[w.IntN(7)]) }

// tag is a statement with white space control and line breaks at random.
func (w *writer) tag(s string) {
	sign := func() string { return []string{"", "", "-"}[w.IntN(3)] }
	w.put("{%" + sign() + []string{" ", "\n"}[w.IntN(2)] + s + " " + sign() + "%}")
}

func (w *writer) body(depth int) {
	for range 1 + w.IntN(4) {
		w.blank()
		w.piece(depth)
		w.blank()
	}
}

func (w *writer) piece(depth int) {
	choice := w.IntN(11)
	if depth <= 0 {
		choice %= 4
	}
	w.vars++
	v := fmt.Sprintf("v%d", w.vars)
	switch choice {
	case 0, 1:
		w.text()
	case 2:
		w.put("{#" + []string{"", "-"}[w.IntN(2)] + "\na {{ \n" + []string{"", "-"}[w.IntN(2)] + "#}")
	case 3:
		w.put(fmt.Sprintf("{{ '<%s:%d>' }}", w.name, w.line))
	case 4:
		w.tag("for x in range(" + fmt.Sprint(w.IntN(3)) + ")")
		w.body(depth - 1)
		w.tag("endfor")
	case 5:
		w.tag("if " + []string{"true", "false"}[w.IntN(2)])
		w.body(depth - 1)
		w.tag("else")
		w.body(depth - 1)
		w.tag("endif")
	case 6:
		w.tag("set " + v)
		w.body(depth - 1)
		w.tag("endset")
		w.blank()
		w.put("{{ " + v + []string{"", " | trim", "\n"}[w.IntN(3)] + " }}")
	case 7:
		w.tag("macro " + v + "()")
		w.body(depth - 1)
		w.tag("endmacro")
		w.blank()
		w.put("{{ " + v + "() }}")
	case 8:
		w.tag("raw")
		w.text()
		w.put("{{ \n")
		w.text()
		w.tag("endraw")
	case 9:
		w.tag("filter " + []string{"trim", "string"}[w.IntN(2)])
		w.body(depth - 1)
		w.tag("endfilter")
	case 10:
		if len(w.loads) > 0 {
			w.tag("include '" + w.loads[w.IntN(len(w.loads))] + "'" + []string{"", " without context"}[w.IntN(2)])
		}
	}
}

func (w *writer) template(name string) string {
	w.name, w.line = name, 1
	w.out.Reset()
	w.body(4)
	return w.out.String()
}

var namesItself = regexp.MustCompile(`^\s*<(\w+:\d+)>`)

// TestTraceLinesAtRandom: lines of random templates come from where they say.
func TestTraceLinesAtRandom(t *testing.T) {
	checked := 0
	for seed := range uint64(3000) {
		w := &writer{Rand: rand.New(rand.NewPCG(seed, 1))}
		files := jinja.MapLoader{}
		for _, name := range []string{"c", "b", "a"} {
			files[name] = w.template(name)
			w.loads = append(w.loads, name)
		}
		tmpl, err := jinja.NewEnv(files, jinja.Options{TrimBlocks: seed%2 == 0, LstripBlocks: seed%3 == 0}).Get("a")
		if err != nil {
			t.Fatalf("%v\n%s", err, files)
		}
		var tr jinja.Trace
		tmpl.Trace(jinja.NewVars(nil), &tr)
		if len(tr.Faults) > 0 {
			t.Fatalf("%v\n%s", tr.Faults, files)
		}
		for i, line := range strings.Split(string(tr.Text), "\n") {
			m := namesItself.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			checked++
			if got := fmt.Sprintf("%s:%d", tr.Lines[i].Template, tr.Lines[i].Line); got != m[1] {
				t.Fatalf("seed %d: line %d, %q, is said to come from %s\n%v", seed, i+1, line, got, files)
			}
		}
	}
	if checked < 10_000 {
		t.Errorf("only %d lines were checked", checked)
	}
}
