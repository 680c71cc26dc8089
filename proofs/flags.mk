# The one place for Frama-C's flags: proofs, cache and counts agree only when all use the same.
DRIVERS := $(wildcard spec/*.driver)
comma := ,
empty :=
space := $(empty) $(empty)
WP_FLAGS := -machdep gcc_x86_64 -cpp-extra-args="-Icore -Ispec" \
  -wp -wp-rte -warn-unsigned-overflow -warn-unsigned-downcast -warn-signed-downcast \
  -wp-driver $(subst $(space),$(comma),$(DRIVERS)) \
  -wp-no-pruning -wp-no-ground -wp-filename-truncation 200 -wp-timeout 30
