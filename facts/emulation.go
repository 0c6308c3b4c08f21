package facts

import (
	"debug/elf"
	"encoding/binary"
	"encoding/hex"
	"io/fs"
	"slices"
	"strings"

	"github.com/slipway-build/slipway/fleet"
	"github.com/slipway-build/slipway/platform"
)

// binfmt is where the kernel lists which programs run others (Documentation/admin-guide/binfmt-misc.rst).
const binfmt = "/proc/sys/fs/binfmt_misc"

// foreign tells whether an image of the fleet is made for another platform than this machine's.
func foreign(f *fleet.Fleet) bool {
	return slices.ContainsFunc(f.Images, func(i *fleet.Image) bool { return i.Platform != f.Platform })
}

// processor is what tells ELF programs of different processors apart.
type processor struct {
	class   elf.Class
	data    elf.Data
	machine elf.Machine
}

var processors = map[processor][]platform.Platform{
	{elf.ELFCLASS64, elf.ELFDATA2LSB, elf.EM_X86_64}:    {"linux/amd64"},
	{elf.ELFCLASS32, elf.ELFDATA2LSB, elf.EM_386}:       {"linux/386"},
	{elf.ELFCLASS64, elf.ELFDATA2LSB, elf.EM_AARCH64}:   {"linux/arm64"},
	{elf.ELFCLASS32, elf.ELFDATA2LSB, elf.EM_ARM}:       {"linux/arm/v5", "linux/arm/v6", "linux/arm/v7"},
	{elf.ELFCLASS64, elf.ELFDATA2LSB, elf.EM_PPC64}:     {"linux/ppc64le"},
	{elf.ELFCLASS64, elf.ELFDATA2MSB, elf.EM_PPC64}:     {"linux/ppc64"},
	{elf.ELFCLASS64, elf.ELFDATA2MSB, elf.EM_S390}:      {"linux/s390x"},
	{elf.ELFCLASS64, elf.ELFDATA2LSB, elf.EM_RISCV}:     {"linux/riscv64"},
	{elf.ELFCLASS64, elf.ELFDATA2LSB, elf.EM_LOONGARCH}: {"linux/loong64"},
	{elf.ELFCLASS64, elf.ELFDATA2LSB, elf.EM_MIPS}:      {"linux/mips64le"},
	{elf.ELFCLASS32, elf.ELFDATA2LSB, elf.EM_MIPS}:      {"linux/mipsle"},
}

// emulated are the platforms whose programs the kernel hands to an emulator, by the folder of binfmt_misc. What
// cannot be read there is not registered.
func emulated(dir fs.FS) (all []platform.Platform) {
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		data, err := fs.ReadFile(dir, entry.Name())
		if lines := strings.Split(string(data), "\n"); err == nil && lines[0] == "enabled" {
			all = append(all, recognized(lines)...)
		}
	}
	return all
}

// recognized are the platforms that an entry's magic bytes mean: the beginning of an ELF header.
func recognized(lines []string) []platform.Platform {
	for _, line := range lines {
		text, is := strings.CutPrefix(line, "magic ")
		magic, err := hex.DecodeString(text)
		if !is || err != nil || len(magic) < 20 || !strings.HasPrefix(string(magic), elf.ELFMAG) {
			continue
		}
		p := processor{class: elf.Class(magic[elf.EI_CLASS]), data: elf.Data(magic[elf.EI_DATA])}
		var order binary.ByteOrder = binary.LittleEndian
		if p.data == elf.ELFDATA2MSB {
			order = binary.BigEndian
		}
		p.machine = elf.Machine(order.Uint16(magic[18:]))
		return processors[p]
	}
	return nil
}
