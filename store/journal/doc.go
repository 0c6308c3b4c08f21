// Package journal keeps the names and marks of the local images in a file of lines beside the blobs.
//
// The file is what counts: containerd's database holds the same names, because its garbage collection
// and BuildKit look there, and is made right from the file when a root is opened. So the database may
// be lost, or fall behind in a crash, and nothing that was good is.
//
// A mark belongs to a manifest's digest, not to a name: an image that was tested is tested under all of
// its names. A pin is a name that nobody sees; what it stands for is kept.
//
// # Form
//
// The first line is "slipway images 1". Each further line is a change: the CRC-32 (Castagnoli) of its
// JSON as eight hexadecimal digits, a space, and the JSON (see Change). The state is what all lines,
// read in order, leave. A line is written by one call and synced before the change is acknowledged; a
// last line that was cut short does not count. When most lines are out of date, a new file takes the
// place of the old one by rename(2). So a reader needs no lock.
package journal
