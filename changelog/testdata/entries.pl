# Print how many entries dpkg reads from each of the changelogs in the JSON list on standard input.
use strict;
use warnings;
use Dpkg::Changelog::Debian;
use JSON::PP;

local $/;
my @counts;
for my $text (@{ decode_json(<STDIN>) }) {
	local $/ = "\n";
	open(my $file, '<', \$text) or die;
	my $changelog = Dpkg::Changelog::Debian->new(verbose => 0);
	push @counts, $changelog->parse($file, 'changelog');
}
print encode_json(\@counts);
