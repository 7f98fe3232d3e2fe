"""userA@exampleA.tst writes to userB@exampleB.tst: the world that is there without any set-up.

``mailworld`` is a fresh world for each test. The letter is submitted to userA's own server, which asks the DNS for the
MX of exampleB.tst, from the root down, and relays it there over SMTP; userB reads it over IMAP and POP3.
"""


def test_a_letter_crosses_two_domains(mailworld):
    alice, bob = mailworld.user("userA@exampleA.tst"), mailworld.user("userB@exampleB.tst")

    letter = alice.send(to=bob, subject="Hello", text="How are you?\r\n")

    assert bob.inbox.subjects == ["Hello"]  # waits until the letter has come to rest
    assert letter.trace.path == ("userA@exampleA.tst", "mail.exampleA.tst", "mail.exampleB.tst", "userB@exampleB.tst")


def test_two_programs_read_one_mailbox(mailworld):
    alice, bob = mailworld.user("userA@exampleA.tst"), mailworld.user("userB@exampleB.tst")
    alice.send(to=bob, subject="Hello")
    laptop = bob.mua("laptop", via="imap")
    phone = bob.mua("phone", via="pop3", keep=True)

    laptop.sync()
    phone.sync()

    assert laptop.subjects == phone.subjects == ["Hello"]  # IMAP and "leave a copy": it is still there
    assert [message.subject for message in bob.fetch(via="pop3", keep=False)] == ["Hello"]
    assert len(bob.inbox) == 0  # download and delete
