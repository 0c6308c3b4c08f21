package problem_test

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/slipway-build/slipway/problem"
)

func ExampleProblem() {
	err := problem.Problem{
		Path: "web/changelog", Line: 3, Text: "cannot read the entry", Err: errors.New("it has no date"),
		Hint: "`slipway update web` writes one",
	}
	fmt.Println(err)
	// Output:
	// web/changelog:3: cannot read the entry: it has no date
	// hint: `slipway update web` writes one
}

// TestSplit: what a person reads is the text and the hints, wherever in an error's causes they are.
func TestSplit(t *testing.T) {
	gone := problem.With(os.ErrNotExist, "make it")
	for name, tt := range map[string]struct {
		err              error
		text, hint, read string
	}{
		"none":    {os.ErrNotExist, "file does not exist", "", "file does not exist"},
		"one":     {gone, "file does not exist", "make it", "file does not exist\nhint: make it"},
		"new":     {problem.New("it is wrong", "mend it"), "it is wrong", "mend it", "it is wrong\nhint: mend it"},
		"wrapped": {fmt.Errorf("cannot open: %w", gone), "cannot open: file does not exist", "make it", "cannot open: file does not exist\nhint: make it"},
		"two": {problem.Withf(fmt.Errorf("cannot open: %w", gone), "or name %q", "x"), "cannot open: file does not exist",
			"make it\nhint: or name \"x\"", "cannot open: file does not exist\nhint: make it\nhint: or name \"x\""},
		"inside":   {fmt.Errorf("%w; nothing is done", gone), "file does not exist; nothing is done", "make it", "file does not exist\nhint: make it; nothing is done"},
		"problem":  {problem.Problem{Path: "a", Line: 2, Text: "cannot read", Err: gone, Hint: "or not"}, "a:2: cannot read: file does not exist", "make it\nhint: or not", "a:2: cannot read: file does not exist\nhint: make it\nhint: or not"},
		"received": {errors.New("rpc error: it is wrong\nhint: mend it"), "rpc error: it is wrong", "mend it", "rpc error: it is wrong\nhint: mend it"},
	} {
		t.Run(name, func(t *testing.T) {
			text, hint := problem.Split(tt.err)
			if text != tt.text || hint != tt.hint {
				t.Errorf("text %q, hint %q", text, hint)
			}
			if got := tt.err.Error(); got != tt.read {
				t.Errorf("it reads %q", got)
			}
			if name != "inside" && problem.Text(text, hint) != tt.read {
				t.Errorf("put together: %q", problem.Text(text, hint))
			}
		})
	}
	if !errors.Is(problem.Problem{Err: fmt.Errorf("x: %w", gone)}, os.ErrNotExist) {
		t.Error("the cause is not found")
	}
	if diff := cmp.Diff([]string{"make it", "or not"}, problem.Hints("make it\nhint: or not")); diff != "" || problem.Hints("") != nil {
		t.Error(diff)
	}
}

// carrier has more to say than its problem.
type carrier struct{ problem.Problem }

func (c carrier) Error() string { return problem.Text("a: cannot read, and more", c.Hint) }
func (c carrier) Unwrap() error { return c.Problem }

func TestOf(t *testing.T) {
	cause := problem.New("it is wrong", "mend it")
	for _, tt := range []struct {
		err  error
		want problem.Problem
	}{
		{problem.Problem{Kind: "k", Path: "a", Line: 2, Text: "cannot read", Err: cause}, problem.Problem{Kind: "k", Path: "a", Line: 2, Text: "cannot read: it is wrong", Hint: "mend it"}},
		{problem.Problem{Line: 2, Text: "cannot read"}, problem.Problem{Line: 2, Text: "cannot read"}},
		{problem.With(problem.Problem{Kind: "k", Path: "a", Line: 2, Text: "cannot read", Hint: "one"}, "two"), problem.Problem{Kind: "k", Path: "a", Line: 2, Text: "cannot read", Hint: "one\nhint: two"}},
		{carrier{problem.Problem{Path: "a", Text: "cannot read", Hint: "mend it"}}, problem.Problem{Path: "a", Text: "cannot read, and more", Hint: "mend it"}},
		{fmt.Errorf("inside: %w", problem.Problem{Kind: "k", Path: "a", Text: "cannot read"}), problem.Problem{Text: "inside: a: cannot read"}},
		{fmt.Errorf("no place: %w", cause), problem.Problem{Text: "no place: it is wrong", Hint: "mend it"}},
	} {
		if diff := cmp.Diff(tt.want, problem.Of(tt.err), cmpopts.EquateErrors()); diff != "" {
			t.Errorf("%v: %s", tt.err, diff)
		}
	}
	joined := errors.Join(errors.Join(os.ErrExist, cause), os.ErrClosed)
	if got := problem.Each(joined); len(got) != 3 || got[0] != os.ErrExist || got[2] != os.ErrClosed {
		t.Errorf("taken apart: %q", got)
	}
	if got := problem.Each(errors.Join(fmt.Errorf("cannot read: %w: %w", os.ErrExist, cause), os.ErrClosed)); len(got) != 2 || got[1] != os.ErrClosed {
		t.Errorf("an error with two causes is taken apart: %q", got)
	}
}
