package lint

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path"
	"slices"
	"strings"
)

// SARIF is a log in the Static Analysis Results Interchange Format 2.1.0 (OASIS), which code
// scanning reads. Only the properties that are used are here.
type SARIF struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool       sarifTool     `json:"tool"`
	ColumnKind string        `json:"columnKind"`
	Results    []sarifResult `json:"results"`
	Extra      *sarifExtra   `json:"properties,omitempty"`
}

// sarifExtra says how many results are left out because they are too many.
type sarifExtra struct {
	Omitted int `json:"omittedResults"`
}

type sarifTool struct {
	Driver sarifDriver `json:"driver"`
}

type sarifDriver struct {
	Name           string      `json:"name"`
	Version        string      `json:"version,omitempty"`
	InformationURI string      `json:"informationUri"`
	Rules          []sarifRule `json:"rules"`
}

type sarifRule struct {
	ID      string         `json:"id"`
	Short   sarifMessage   `json:"shortDescription"`
	Full    sarifMessage   `json:"fullDescription"`
	Help    sarifMessage   `json:"help"`
	HelpURI string         `json:"helpUri"`
	Default sarifDefault   `json:"defaultConfiguration"`
	Tags    sarifRuleExtra `json:"properties"`
}

type sarifDefault struct {
	Level Severity `json:"level"`
}

type sarifRuleExtra struct {
	Tags []string `json:"tags"`
}

type sarifMessage struct {
	Text string `json:"text"`
}

type sarifResult struct {
	RuleID       string            `json:"ruleId"`
	RuleIndex    int               `json:"ruleIndex"`
	Level        Severity          `json:"level"`
	Message      sarifMessage      `json:"message"`
	Locations    []sarifLocation   `json:"locations"`
	Fingerprints map[string]string `json:"partialFingerprints"`
	// Suppressions are there for all results or for none, says the standard (3.27.23).
	Suppressions []sarifSuppression `json:"suppressions"`
}

type sarifSuppression struct {
	Kind          string `json:"kind"`
	Justification string `json:"justification,omitempty"`
}

type sarifLocation struct {
	Physical sarifPhysical `json:"physicalLocation"`
}

type sarifPhysical struct {
	Artifact sarifArtifact `json:"artifactLocation"`
	Region   *sarifRegion  `json:"region,omitempty"`
}

type sarifArtifact struct {
	URI    string `json:"uri"`
	BaseID string `json:"uriBaseId,omitempty"`
}

type sarifRegion struct {
	StartLine int `json:"startLine"`
}

const (
	sarifSchema = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
	homePage    = "https://github.com/slipway-build/slipway"
	rulesPage   = homePage + "/blob/main/docs/lint.md"
)

// SARIF returns the findings that are at least as bad as least as a log of one run, with those that
// are suppressed. All rules are in it, also those that found nothing. Version is the program's.
func (r *Report) SARIF(version string, least Severity) SARIF {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}, Tool: sarifTool{Driver: sarifDriver{
		Name: "slipway lint", Version: version, InformationURI: homePage,
	}}}
	for _, rule := range rules {
		page := rule.URL
		if page == "" {
			page = rulesPage
		}
		tags := []string{"container-image"}
		if rule.ID == secretVariable || rule.ID == unpinnedAdd {
			tags = append(tags, "security")
		}
		run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, sarifRule{
			ID: rule.ID, Short: sarifMessage{rule.Text}, Full: sarifMessage{rule.Text + " " + rule.Why},
			Help: sarifMessage{rule.Text + " " + rule.Why}, HelpURI: page,
			Default: sarifDefault{rule.Severity}, Tags: sarifRuleExtra{tags},
		})
	}
	shown, omitted := r.worstShown(least, maxResults)
	seen := map[string]int{}
	for _, f := range shown {
		run.Results = append(run.Results, f.sarif(seen))
	}
	for _, s := range r.Suppressed {
		switch {
		case !s.Severity.AtLeast(least):
		case len(run.Results) >= maxResults:
			omitted++
		default:
			result := s.sarif(seen)
			result.Suppressions = append(result.Suppressions, sarifSuppression{s.By, s.Why})
			run.Results = append(run.Results, result)
		}
	}
	if omitted > 0 {
		run.Extra = &sarifExtra{omitted}
	}
	return SARIF{Schema: sarifSchema, Version: "2.1.0", Runs: []sarifRun{run}}
}

// sarif makes a result. Its fingerprint has no line, so that a finding stays the same when lines are
// added above it; seen tells equal findings in one file apart.
func (f Finding) sarif(seen map[string]int) sarifResult {
	text := f.message()
	if f.Hint != "" {
		text += "\nHint: " + f.Hint
	}
	id := f.Rule + "\n" + f.File + "\n" + f.Text
	seen[id]++
	sum := sha256.Sum256([]byte(id + strings.Repeat("\n", seen[id])))
	physical := sarifPhysical{Artifact: sarifArtifact{URI: (&url.URL{Path: f.File}).EscapedPath(), BaseID: "%SRCROOT%"}}
	if path.IsAbs(f.File) {
		physical.Artifact = sarifArtifact{URI: (&url.URL{Scheme: "file", Path: f.File}).String()}
	}
	if f.Line > 0 {
		physical.Region = &sarifRegion{f.Line}
	}
	return sarifResult{
		RuleID: f.Rule, RuleIndex: slices.IndexFunc(rules, func(r Rule) bool { return r.ID == f.Rule }),
		Level: f.Severity, Message: sarifMessage{text}, Locations: []sarifLocation{{physical}},
		Fingerprints: map[string]string{"slipwayFinding/v1": hex.EncodeToString(sum[:16])},
		Suppressions: []sarifSuppression{},
	}
}
