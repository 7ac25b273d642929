/* SPDX-License-Identifier: MIT OR GPL-2.0 */
/* Words of a string, one after the other: each CPU has what is left of its last string. */
#include <linux/kernel.h>
#include <linux/smp.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include "runtime.h"

struct stap_words {
	unsigned int next;
	char text[MAXSTRINGLEN];
};

static struct stap_words *stap_words_of_cpus;

void stap_tokenize(char *dst, const char *input, const char *delimiters)
{
	struct stap_words *words = &stap_words_of_cpus[raw_smp_processor_id()];
	size_t length;
	char *word;

	if (input && *input) {
		stap_string_copy(words->text, input);
		words->next = 0;
	}
	word = words->text + words->next;
	word += strspn(word, delimiters);
	length = strcspn(word, delimiters);
	memcpy(dst, word, length);
	dst[length] = 0;
	words->next = word + length - words->text;
	words->next += words->text[words->next] != 0;
}

static int stap_tokenize_load(void)
{
	stap_words_of_cpus = vzalloc(nr_cpu_ids * sizeof(*stap_words_of_cpus));
	stap_allocated += nr_cpu_ids * sizeof(*stap_words_of_cpus);
	return stap_words_of_cpus ? 0 : -ENOMEM;
}

static void stap_tokenize_unload(void)
{
	vfree(stap_words_of_cpus);
}

const struct stap_unit STAP_UNIT(tokenize) = { .load = stap_tokenize_load, .unload = stap_tokenize_unload };
