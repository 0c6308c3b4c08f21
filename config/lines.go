package config

import "go.yaml.in/yaml/v3"

// itemLines finds the lines of the items of the list "images" below a key.
func itemLines(root *yaml.Node, key string) []int {
	n := root
	for _, name := range []string{key, "images"} {
		n = child(n, name)
		if n == nil {
			return nil
		}
	}
	var lines []int
	for _, item := range n.Content {
		lines = append(lines, item.Line)
	}
	return lines
}

// child is the last value of a key in a mapping, or nil.
func child(n *yaml.Node, key string) (found *yaml.Node) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			found = n.Content[i+1]
		}
	}
	return found
}

// keyLines finds the line of each key; of one that is there twice the last, whose value counts.
func keyLines(root *yaml.Node) map[string]int {
	lines := map[string]int{}
	for i := 0; i+1 < len(root.Content); i += 2 {
		lines[root.Content[i].Value] = root.Content[i].Line
	}
	return lines
}
