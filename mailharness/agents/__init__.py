"""The actors of RFC 5598: MTA, MDA, gateway and store, and the ports through which they see the floor above.

An MTA *receives* (``reception``, ``mta``), *routes* (``routing``), and *relays* (``relay`` over kept connections of a
``pool``), retrying what waits in its queue. At a letter's last host the MDA puts it into a mailbox of the ``store``. A
*gateway* stands between the MX and the MTA and judges every letter by its ``filters`` before it takes it.
"""
