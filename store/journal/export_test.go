package journal

// Break lets all further writes fail.
func Break(n *Names) { n.file.f.Close() }

// Lines is a file with these changes.
func Lines(changes ...Change) []byte {
	data := []byte(header)
	for _, c := range changes {
		data, _ = appendLine(data, c)
	}
	return data
}
