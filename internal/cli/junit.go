package cli

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"

	"github.com/slipway-build/slipway/event"
	"github.com/slipway-build/slipway/fleet"
)

// The elements of JUnit's XML as CI systems read them: one suite, one case for each image.
type (
	junitSuites struct {
		XMLName xml.Name   `xml:"testsuites"`
		Suite   junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		File    string        `xml:"file,attr,omitempty"`
		Time    string        `xml:"time,attr"`
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
		Skipped *junitProblem `xml:"skipped"`
	}
	junitProblem struct {
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// writeJUnit writes the report, whole or not at all. A failed test is a failure, everything else that
// went wrong an error, and an image that was not built because of another is skipped.
func writeJUnit(path string, s event.Summary, f *fleet.Fleet, broken []fleet.Problem) error {
	suite := junitSuite{Name: "slipway build", Time: fmt.Sprintf("%.3f", s.Took.Seconds())}
	for _, r := range s.Results {
		if r.Outcome != event.Skipped {
			suite.add(junitResult(r, s.Interrupted, f))
		}
	}
	for _, b := range broken {
		suite.add(junitCase{Name: b.Path, Class: "slipway", File: b.Path, Time: "0.000",
			Error: &junitProblem{Message: clean(firstLine(b.Error())), Text: clean(b.Error())}})
	}
	data, err := xml.MarshalIndent(junitSuites{Suite: suite}, "", "  ")
	if err != nil {
		return fmt.Errorf("internal error: %w", err)
	}
	err = writeFile(path, func(w io.Writer) error {
		_, err := w.Write(append([]byte(xml.Header), append(data, '\n')...))
		return err
	})
	if err != nil {
		return fmt.Errorf("cannot write report: %w", err)
	}
	return nil
}

func (s *junitSuite) add(c junitCase) {
	s.Cases = append(s.Cases, c)
	s.Tests++
	switch {
	case c.Failure != nil:
		s.Failures++
	case c.Error != nil:
		s.Errors++
	case c.Skipped != nil:
		s.Skipped++
	}
}

func junitResult(r event.Result, interrupted bool, f *fleet.Fleet) junitCase {
	c := junitCase{
		Name: r.Title, Class: "slipway", File: f.Path(r.Image, "Dockerfile.template"),
		Time: fmt.Sprintf("%.3f", r.Took.Seconds()),
	}
	switch r.Outcome {
	case event.BuildError:
		p := &junitProblem{Message: clean(firstLine(r.Err.Error())), Text: clean(r.Err.Error() + "\n" + strings.Join(r.Tail, "\n"))}
		if r.Test == event.TestFailed {
			c.Failure = p
		} else {
			c.Error = p
		}
	case event.NotBuilt:
		c.Skipped = &junitProblem{Message: "blocked by " + strings.Join(r.Causes, ", ")}
		switch {
		case r.Err != nil: // it is said of all that are for this platform
			c.Skipped.Message = clean(firstLine(r.Err.Error()))
		case r.Platform != "" || r.Targets != nil:
			c.Skipped.Message = "not built here: see slipway plan"
		}
	case event.Interrupt:
		c.Skipped = &junitProblem{Message: "not started after a failure"}
		if interrupted {
			c.Skipped.Message = "interrupted"
		}
	}
	switch r.Publishing {
	case event.PublishFailed:
		c.Error = &junitProblem{Message: clean(firstLine(r.PublishErr.Error())), Text: clean(r.PublishErr.Error())}
	case event.PublishBlocked:
		c.Skipped = &junitProblem{Message: "not published: " + strings.Join(r.PublishCauses, ", ") + " is not"}
	}
	return c
}

// clean drops what XML cannot hold.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' && r != '\t' || r == 0xfffe || r == 0xffff || r == 0x7f {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "?"))
}

// checkReport finds out before a long run what would keep its report from being written after it, and
// removes that of an earlier run: it must not be taken for this one's, if this one does not come to its
// end.
func checkReport(path string) error {
	err := checkFile(path)
	if err == nil {
		err = removeOld(path)
	}
	if err != nil {
		return fmt.Errorf("cannot write report: %w", err)
	}
	return nil
}
