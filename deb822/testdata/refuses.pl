# Print for each control file of the JSON list on standard input why dpkg refuses it, or null.
use strict;
use warnings;
use Dpkg::Control;
use Dpkg::Deps;
use JSON::PP;

$SIG{__WARN__} = sub { };

sub check {
	my $text = shift;
	# Its Perl code takes a word alone for a field; the programs in C do not.
	$text =~ /^[^\s#:-][^:\n]*$/m and die "a field has no colon\n";
	open(my $file, '<', \$text) or die;
	while (1) {
		my $paragraph = Dpkg::Control->new(type => CTRL_INFO_PKG);
		$paragraph->parse($file, 'control') or return;
		for my $name (keys %$paragraph) {
			next unless $name =~ /^(Build-)?Depends$/i;
			my $value = $paragraph->{$name};
			$value =~ s/\$\{[^}]*\}/substituted/g;
			# Nor does it see that a last alternative is empty.
			$value =~ /\|\s*(,|$)/ and die "an alternative is empty\n";
			defined deps_parse($value, build_dep => 1) or die "cannot read relations: $value\n";
		}
	}
}

local $/;
my @answers;
for my $text (@{ decode_json(<STDIN>) }) {
	local $/ = "\n";
	push @answers, eval { check($text); 1 } ? undef : "$@";
}
print encode_json(\@answers);
